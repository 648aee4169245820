use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Cmd, Pipeline, ProtocolVersion, RedisConnectionInfo, Value, cmd,
};

use super::stream::Stream;
use super::{Driver, Facts};
use crate::said::{one_line, quoted};
use crate::settings::Checked;
use crate::subscribe::Heard;
use crate::wire::{End, Full, Wire};
use crate::{ErrorKind, RedisError};

/// Says who we are, and asks whom we have got.
pub(super) async fn greet(
    stream: Stream,
    settings: &Checked,
) -> Result<(Wire, Driver, Facts), RedisError> {
    // What callers gave up is owed by the server all the same.
    let (wire, driver) = Wire::new(stream, settings.in_flight.max(1_024));
    let driver = Driver(tokio::spawn(driver));
    for command in introductions(settings) {
        let [answer] = wire.ask([&command]).map_err(|Full| unanswered())?;
        accepted(&answer.value().await.map_err(ended)?)?;
    }
    let questions = questions(settings);
    let answers = wire.ask(questions.each_ref()).map_err(|Full| unanswered())?;
    let mut values = Vec::with_capacity(answers.len());
    for answer in answers {
        match answer.value().await {
            Ok(value) => values.push(value),
            Err(end) => {
                turned_away(&values)?;
                return Err(ended(end));
            }
        }
    }
    Ok((wire, driver, facts(&values)?))
}

/// The same, for a connection by which something is heard.
pub(super) async fn greet_to_hear(
    stream: Stream,
    settings: &Checked,
    heard: Heard,
) -> Result<(MultiplexedConnection, Driver, Facts), RedisError> {
    // What is not an answer comes apart from answers, so questions and messages share a connection.
    let login = login(settings).set_protocol(ProtocolVersion::RESP3);
    // Its own time-outs are off: ours are in front of it.
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(None)
        .set_connection_timeout(None)
        .set_push_sender(heard);
    let connected = MultiplexedConnection::new_with_config(&login, stream, config).await;
    let (mut connection, driver) = connected.map_err(|error| refused(&error))?;
    let driver = Driver(tokio::spawn(driver));
    let mut all = Pipeline::new();
    for question in questions(settings) {
        all.add_command(question);
    }
    let answers = connection.send_packed_commands(&all, 0, all.len()).await;
    let facts = facts(&answers.map_err(|error| refused(&error))?)?;
    Ok((connection, driver, facts))
}

fn introductions(settings: &Checked) -> Vec<Cmd> {
    let location = &settings.location;
    let mut commands = Vec::new();
    if let Some(password) = &location.password {
        let mut login = cmd("AUTH");
        login.arg(location.user.as_deref()).arg(password.expose());
        commands.push(login);
    }
    if location.database != 0 {
        let mut choice = cmd("SELECT");
        choice.arg(location.database);
        commands.push(choice);
    }
    commands
}

fn questions(settings: &Checked) -> [Cmd; 5] {
    let mut name = cmd("CLIENT");
    name.arg("SETNAME").arg(&settings.client_name);
    let info = |part| {
        let mut info = cmd("INFO");
        info.arg(part);
        info
    };
    [name, cmd("ROLE"), info("server"), info("memory"), cmd("PING")]
}

fn facts(answers: &[Value]) -> Result<Facts, RedisError> {
    let [_, role, server, memory, pong] = answers else { return Err(unanswered()) };
    accepted(pong)?;
    Ok(Facts::of(role, server, memory))
}

pub(crate) fn login(settings: &Checked) -> RedisConnectionInfo {
    let mut login =
        RedisConnectionInfo::default().set_db(settings.location.database).set_skip_set_lib_name();
    if let Some(user) = &settings.location.user {
        login = login.set_username(user);
    }
    if let Some(password) = &settings.location.password {
        login = login.set_password(password.expose());
    }
    login
}

pub(super) fn accepted(answer: &Value) -> Result<(), RedisError> {
    let Value::ServerError(error) = answer else { return Ok(()) };
    let words = quoted(error.code(), error.details().unwrap_or_default());
    Err(RedisError::new(ErrorKind::Refused, words))
}

/// Who is one client too many, or not let in at all, is told so in the place of the first answer, and nothing more.
fn turned_away(answers: &[Value]) -> Result<(), RedisError> {
    match answers {
        [only] => accepted(only),
        _ => Ok(()),
    }
}

fn ended(end: End) -> RedisError {
    match end {
        End::Garbled => RedisError::new(ErrorKind::Protocol, "the answer is not RESP"),
        End::Unsent | End::Sent => {
            RedisError::new(ErrorKind::Unreachable, "it closed the connection")
        }
    }
}

fn unanswered() -> RedisError {
    RedisError::new(ErrorKind::Protocol, "the greeting was not answered")
}

pub(crate) fn refused(error: &redis::RedisError) -> RedisError {
    let kind = if error.is_io_error() { ErrorKind::Unreachable } else { ErrorKind::Refused };
    RedisError::new(kind, one_line(error.to_string().chars()))
}
