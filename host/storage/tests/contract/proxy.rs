//! A proxy that stands between a store and its Redis and does to the bytes what networks do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to replies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weather {
    Fair,
    /// One byte at a time.
    Sliced,
    /// One piece in four comes later, by up to this much, and so does everything behind it.
    Late(Duration),
    /// Nothing arrives, and nobody says so.
    Silent,
    /// Something arrives that is not Redis.
    Garbage,
    /// Half of a piece arrives, then the connection breaks.
    Broken,
}

pub struct Proxy {
    pub url: String,
    weather: watch::Sender<Weather>,
    connections: Arc<AtomicU64>,
}

impl Proxy {
    pub async fn start(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("redis://{}/", listener.local_addr().expect("it is bound"));
        let (weather, seen) = watch::channel(Weather::Fair);
        let connections = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(carry(client, port, seen.clone(), number));
            }
        });
        Self { url, weather, connections }
    }

    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// How many connections there have been.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn carry(client: TcpStream, port: u16, weather: watch::Receiver<Weather>, number: u64) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
    });
    let mut random = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut buffer = vec![0; 16 << 10];
    while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
        let piece = &buffer[..length];
        let now = *weather.borrow();
        let sent = match now {
            Weather::Fair => to_client.write_all(piece).await,
            Weather::Sliced => slice(&mut to_client, piece).await,
            Weather::Late(most) => {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                if random.is_multiple_of(4) {
                    tokio::time::sleep(most.mul_f64((random / 4 % 1_000) as f64 / 1_000.0)).await;
                }
                to_client.write_all(piece).await
            }
            Weather::Silent => Ok(()),
            Weather::Garbage => to_client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await,
            Weather::Broken => {
                let _ = to_client.write_all(&piece[..length / 2]).await;
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn slice(to: &mut tokio::net::tcp::OwnedWriteHalf, piece: &[u8]) -> std::io::Result<()> {
    for byte in piece.chunks(1) {
        to.write_all(byte).await?;
        to.flush().await?;
    }
    Ok(())
}
