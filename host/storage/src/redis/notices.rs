//! Notices between hosts, by Redis' publish and subscribe: one channel, of which every node of a Cluster and every replica has word. What
//! is sent is `<who sends> <notice>`; a host does not listen to itself. Whoever is not connected just then misses it, so a connection that
//! says nothing is asked now and then whether it is still there.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use isolet_domain::notice::Notice;
use isolet_domain::repository::{NoticeRepository, RepositoryError};
use redis::aio::PubSub;
use redis::{Client, Cmd, Msg, RedisResult};
use tokio::time::{interval, timeout};

use super::failure::{classify, too_slow};
use super::store::RedisStore;

/// How often a connection is asked.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How long a server may take to let somebody listen, or to say that it is there.
const PATIENCE: Duration = Duration::from_secs(1);

#[async_trait]
impl NoticeRepository for RedisStore {
    async fn tell(&self, notices: &[Notice]) -> Result<(), RepositoryError> {
        let channel = self.keys.notices();
        let told = |notice: &Notice| {
            let mut publish = redis::cmd("PUBLISH");
            publish.arg(&channel).arg(format!("{} {}", self.name, notice.to_text()));
            publish
        };
        let commands: Vec<Cmd> = notices.iter().map(told).collect();
        if commands.is_empty() {
            return Ok(());
        }
        let _: Vec<i64> = self.link.commands(&commands).await?;
        Ok(())
    }

    async fn listen(&self, heard: &(dyn Fn(Notice) + Send + Sync)) -> Result<bool, RepositoryError> {
        let (mut ask, mut said) = self.subscribed().await?.split();
        heard(Notice::Everything);
        let mut every = interval(ASK_EVERY);
        loop {
            tokio::select! {
                message = said.next() => match message {
                    Some(message) => self.told(&message).into_iter().for_each(heard),
                    None => return Err(RepositoryError::Unavailable("the connection to Redis ended".to_owned())),
                },
                _ = every.tick() => {
                    let answer: RedisResult<redis::Value> =
                        timeout(PATIENCE, ask.ping()).await.map_err(|_| too_slow())?;
                    answer.map_err(|err| classify(&err).0)?;
                }
            }
        }
    }
}

impl RedisStore {
    /// What another host said; nothing where this one did.
    fn told(&self, message: &Msg) -> Option<Notice> {
        let text = String::from_utf8_lossy(message.get_payload_bytes());
        match text.split_once(' ') {
            Some((who, _)) if who == self.name => None,
            Some((_, notice)) => Some(Notice::of_text(notice)),
            None => Some(Notice::Everything),
        }
    }

    /// A connection that hears the channel, to the first server that lets it.
    async fn subscribed(&self) -> Result<PubSub, RepositoryError> {
        let mut failure = too_slow();
        for client in timeout(PATIENCE, self.link.clients()).await.map_err(|_| too_slow())?? {
            match timeout(PATIENCE, self.subscribe(&client)).await {
                Ok(Ok(subscribed)) => return Ok(subscribed),
                Ok(Err(err)) => failure = classify(&err).0,
                Err(_) => failure = too_slow(),
            }
        }
        Err(failure)
    }

    async fn subscribe(&self, client: &Client) -> RedisResult<PubSub> {
        let mut listening = client.get_async_pubsub().await?;
        listening.subscribe(self.keys.notices()).await?;
        Ok(listening)
    }
}
