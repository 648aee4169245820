use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, RedisConnectionInfo, Value};
use tokio::time::timeout;

use super::Driver;
use super::connect::dial;
use super::greet::{accepted, refused};
use crate::address::Address;
use crate::tls::Tls;
use crate::{ErrorKind, RedisError};

/// A connection for a few questions, to whoever knows the way: a sentinel.
#[derive(Debug)]
pub(crate) struct Line {
    connection: MultiplexedConnection,
    within: Duration,
    _driver: Driver,
}

impl Line {
    /// Connects, within so long. So long each question may take, too.
    pub(crate) async fn open(
        address: &Address,
        login: &RedisConnectionInfo,
        tls: &Tls,
        within: Duration,
    ) -> Result<Self, RedisError> {
        let config =
            AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let opening = async {
            let stream = dial(address, tls, within).await?;
            let made = MultiplexedConnection::new_with_config(login, stream, config).await;
            made.map_err(|error| refused(&error))
        };
        let (connection, driver) = timeout(within, opening).await.map_err(|_| late())??;
        Ok(Self { connection, within, _driver: Driver(tokio::spawn(driver)) })
    }

    /// Asks all of it at once. A refusal is an error.
    pub(crate) async fn ask<const N: usize>(
        &mut self,
        questions: &Pipeline,
    ) -> Result<[Value; N], RedisError> {
        let asking = self.connection.send_packed_commands(questions, 0, N);
        let answers = timeout(self.within, asking).await.map_err(|_| late())?;
        let answers = answers.map_err(|error| refused(&error))?;
        answers.iter().try_for_each(accepted)?;
        let answers = answers.try_into();
        answers.map_err(|_| RedisError::new(ErrorKind::Protocol, "another count of answers"))
    }
}

fn late() -> RedisError {
    RedisError::new(ErrorKind::Unreachable, "it did not answer in time")
}
