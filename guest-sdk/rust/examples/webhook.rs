//! Takes webhooks that are signed as GitHub signs them: `x-hub-signature-256: sha256=<HMAC of the body>`, under the secret in the
//! variable WEBHOOK_SECRET. Whoever signed gets 202 and the number of bytes, anybody else 401.

use hmac::{Hmac, KeyInit as _, Mac as _};
use isolet::{Request, Response, StatusCode};
use sha2::Sha256;

isolet::handler!(handle);

async fn handle(request: Request) -> isolet::Result<Response> {
    let Some(secret) = isolet::env("WEBHOOK_SECRET") else {
        return Err(isolet::Error::msg("the variable WEBHOOK_SECRET is not set"));
    };
    let (head, mut body) = request.into_parts();
    let body = body.contents().await?;
    let signature = head.headers.get("x-hub-signature-256").and_then(|field| field.to_str().ok());
    let signature = signature.and_then(|field| field.strip_prefix("sha256=")).and_then(from_hex);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(body);
    // Compares in constant time.
    if !signature.is_some_and(|signature| mac.verify_slice(&signature).is_ok()) {
        isolet::warn!("refused {} bytes: signature missing or wrong", body.len());
        return answer(StatusCode::UNAUTHORIZED, "who are you?\n".to_owned());
    }
    isolet::info!("took {} bytes", body.len());
    answer(StatusCode::ACCEPTED, format!("{} bytes\n", body.len()))
}

fn answer(status: StatusCode, text: String) -> isolet::Result<Response> {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    Ok(response)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() % 2 != 0 || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}
