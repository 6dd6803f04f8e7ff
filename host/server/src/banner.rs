//! What a host says when it has started: a page for people, one line of JSON for programs.

use serde_json::json;

use crate::host::Started;

pub fn text(started: &Started) -> String {
    let Started { ingress, ingress_scheme, base_domain, console_url, functions_url, .. } = started;
    let hello = functions_url.replacen('*', "hello--demo", 1);
    let engine = started.engine_digest.get(..11).unwrap_or_default();
    format!(
        "
  isolet {version}   engine wasmtime {wasmtime} · quickjs {engine}…

  Console    {console_url}/#t={link}
             one-time sign-in link, valid for 15 minutes
  API        {console_url}/v1
  Functions  {hello}/
  Data       {data} ({store})
  Admin key  saved to {key} (0600)

  Try:  curl \"{hello}/?q=hi\"
        curl -H \"Host: hello--demo.{base_domain}\" \"{ingress_scheme}://{ingress}/?q=hi\"
  Stop with Ctrl+C.
",
        version = env!("CARGO_PKG_VERSION"),
        wasmtime = isolet_runtime::WASMTIME_VERSION,
        link = started.link,
        data = started.data_dir.display(),
        store = started.store,
        key = started.admin_key_file.display(),
    )
}

pub fn json(started: &Started) -> String {
    json!({
        "control_plane": format!("{}://{}", started.control_plane_scheme, started.control_plane),
        "ingress": format!("{}://{}", started.ingress_scheme, started.ingress),
        "base_domain": started.base_domain,
        "admin_key_file": started.admin_key_file,
        "link": format!("{}/#t={}", started.console_url, started.link),
        "engine": started.engine_digest,
        "store": started.store,
    })
    .to_string()
}
