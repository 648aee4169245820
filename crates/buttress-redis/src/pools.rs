use std::collections::HashMap;

use buttress_core::sync::Lock;
use deadpool_redis::{Manager, Pool, PoolError, Runtime, TimeoutType};
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

use crate::address::Address;
use crate::link::{login, refused};
use crate::settings::Checked;
use crate::way::Way;
use crate::{ErrorKind, RedisError};

/// Where connections for calls that wait come from.
pub(crate) enum Pools {
    /// Made elsewhere.
    Given(Pool),
    /// One for each server that is asked.
    Own { connections: usize, made: Lock<HashMap<Address, Pool>> },
}

impl Pools {
    pub(crate) fn own(connections: usize) -> Self {
        Self::Own { connections, made: Lock::new(HashMap::new()) }
    }

    /// The pool of a server. Those of servers that are not right any more are closed.
    pub(crate) fn at(
        connections: usize,
        made: &Lock<HashMap<Address, Pool>>,
        address: &Address,
        way: &Way,
        settings: &Checked,
    ) -> Result<Pool, RedisError> {
        let mut made = made.lock();
        if let Some(pool) = made.get(address) {
            return Ok(pool.clone());
        }
        let pool = pool(address, settings, connections);
        let pool = pool.map_err(|words| RedisError::new(ErrorKind::Refused, words))?;
        made.retain(|address, _| way.leads_to(address));
        made.insert(address.clone(), pool.clone());
        Ok(pool)
    }
}

fn pool(address: &Address, settings: &Checked, connections: usize) -> Result<Pool, String> {
    let (connect, respond) = (settings.connect_timeout, settings.response_timeout);
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(connect))
        .set_response_timeout(None);
    let manager = Manager::new_with_config(place(address, settings)?, config);
    Pool::builder(manager.map_err(|error| error.to_string())?)
        .max_size(connections)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(respond))
        .create_timeout(Some(connect))
        .recycle_timeout(Some(respond))
        .build()
        .map_err(|error| error.to_string())
}

fn place(address: &Address, settings: &Checked) -> Result<ConnectionInfo, String> {
    let address = match address {
        Address::Tcp { host, port } => ConnectionAddr::Tcp(host.clone(), *port),
        Address::Unix(path) => ConnectionAddr::Unix(path.clone()),
    };
    let place = address.into_connection_info().map_err(|error| error.to_string())?;
    let tcp = TcpSettings::default().set_nodelay(true);
    // To be answered is to be connected: without a question, a frozen server would look alive.
    let login = login(settings).set_lib_name(&settings.client_name, env!("CARGO_PKG_VERSION"));
    Ok(place.set_tcp_settings(tcp).set_redis_settings(login))
}

pub(crate) fn unavailable(error: &PoolError) -> RedisError {
    let (kind, words) = match error {
        PoolError::Timeout(TimeoutType::Wait) => (ErrorKind::Overloaded, "none is free".to_owned()),
        PoolError::Timeout(_) => (ErrorKind::Unreachable, "no connection in time".to_owned()),
        PoolError::Backend(error) => return refused(error),
        other => (ErrorKind::Refused, other.to_string()),
    };
    RedisError::new(kind, words)
}
