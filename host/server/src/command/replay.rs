//! `isolet replay`: a recorded run once more, with the code and the request it had. How its result is shown is in `run`.

use anyhow::{Result, anyhow};
use clap::Args;
use http::Method;
use serde_json::{Map, Value, json};

use super::remote::{HostArguments, Remote};
use super::run;
use super::show::{self, Texts};

#[derive(Args)]
pub struct ReplayArguments {
    /// The run's id, as `isolet logs` and the console show it.
    run: String,
    /// Run it in this process. Nothing of it is recorded, and no egress rules are there but those of the built-in settings.
    #[arg(long)]
    local: bool,
    /// With `--local`: a variable for `env`. A run's record has the names of its variables only.
    #[arg(long = "env", value_name = "NAME=VALUE", requires = "local")]
    env: Vec<String>,
    #[command(flatten)]
    host: HostArguments,
}

pub async fn replay(arguments: ReplayArguments) -> Result<u8> {
    let remote = Remote::of(&arguments.host)?;
    let path = remote.below(&remote.path("/runs"), &arguments.run);
    let recorded = remote.call(Method::GET, &path, None).await?;
    let reply = if arguments.local {
        run::here(&request(&recorded, run::variables(&arguments.env)?)?).await?
    } else {
        remote.ask(Method::POST, &format!("{path}/replay"), None, None).await?
    };
    run::answer(&reply, &Texts::of_wire(&recorded["code"]["modules"]), arguments.host.json)
}

/// The body of `POST …/runs` that asks for the same.
fn request(recorded: &Value, env: Map<String, Value>) -> Result<Value> {
    let (code, sent) = (&recorded["code"], &recorded["request"]);
    if !code.is_object() || !sent.is_object() {
        return Err(anyhow!("the record has no code and request any more, so this cannot run again"));
    }
    if sent["truncated"] == true {
        return Err(anyhow!("the record has only the beginning of the request's body, so this cannot run again"));
    }
    let names = recorded["env_names"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let missing: Vec<&str> = names.filter(|name| !env.contains_key(*name)).collect();
    if !missing.is_empty() {
        let names = missing.join(", ");
        show::progress(&format!("variables are not kept with a run; it runs without {names} (--env NAME=VALUE)"));
    }
    let mut request = json!({
        "code": { "modules": code["modules"], "main_module": code["main_module"] },
        "request": { "method": sent["method"], "path": sent["path"], "headers": sent["headers"] },
        "env": env,
        "record": false,
    });
    for (name, value, into) in
        [("options", &code["options"], ""), ("prompt", &recorded["prompt"], ""), ("body", &sent["body"], "/request")]
    {
        if !value.is_null() {
            request.pointer_mut(into).expect("made above")[name] = value.clone();
        }
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_what_was_recorded() {
        let recorded = json!({
            "id": "run_1",
            "prompt": null,
            "code": { "modules": { "main.js": "1" }, "main_module": "main.js", "options": { "allow_eval": true } },
            "request": { "method": "POST", "path": "/x", "headers": [["a", "b"]], "body": { "base64": "AA==" }, "truncated": false },
            "env_names": ["WHO"],
            "outcome": "ok",
        });
        let asked = request(&recorded, Map::new()).expect("it can run again");
        let expected = json!({
            "code": { "modules": { "main.js": "1" }, "main_module": "main.js" },
            "options": { "allow_eval": true },
            "request": { "method": "POST", "path": "/x", "headers": [["a", "b"]], "body": { "base64": "AA==" } },
            "env": {},
            "record": false,
        });
        assert_eq!(asked, expected);
        for (pointer, value) in [("/code", json!(null)), ("/request", json!(null)), ("/request/truncated", json!(true))]
        {
            let mut recorded = recorded.clone();
            *recorded.pointer_mut(pointer).expect("it is there") = value;
            assert!(request(&recorded, Map::new()).is_err(), "{pointer}");
        }
    }
}
