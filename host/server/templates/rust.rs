use isolet::{Request, Response};

isolet::handler!(handle);

async fn handle(request: Request) -> isolet::Result<Response> {
    isolet::info!("asked for {}", request.uri().path());
    let name = isolet::env("NAME").unwrap_or_else(|| "world".to_owned());
    Ok(Response::new(format!("hello {name}").into()))
}
