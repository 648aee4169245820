//! Our way: six stages in one layer.

use std::sync::Arc;
use std::time::Duration;

use buttress_core::stage::{Gate, RequestHead, ResponseHead, Stage, Then};
use buttress_core::{Code, IntoProblem, Problem};
use http::{HeaderValue, header};

use super::duties::{
    ErrorShape, Flight, Gauges, Id, Ids, Limiter, Refusal, SecurityHeaders, Tokens, Wrap,
};

/// All six, outermost first.
pub type Six = Then<Then<Then<Then<Then<Flights, RequestId>, Security>, Envelope>, Limit>, Bearer>;

/// All six, outermost first.
#[must_use]
pub fn six() -> Six {
    Flights::default()
        .then(RequestId::default())
        .then(Security::default())
        .then(Envelope::default())
        .then(Limit::default())
        .then(Bearer::default())
}

/// The gauge and the histogram.
#[derive(Debug, Default)]
pub struct Flights(Arc<Gauges>);

impl Gate for Flights {
    type Memo = Flight;

    fn enter(&self, _: &mut dyn RequestHead) -> Result<Flight, Problem> {
        Ok(Flight::start(&self.0))
    }

    fn leave(&self, flight: Flight, response: &mut dyn ResponseHead) {
        flight.finish(response.status());
    }
}

/// The id.
#[derive(Debug, Default)]
pub struct RequestId(Ids);

impl Gate for RequestId {
    type Memo = Id;

    fn enter(&self, request: &mut dyn RequestHead) -> Result<Id, Problem> {
        let id = self.0.of(request.headers());
        request.extensions_mut().insert(id.clone());
        Ok(id)
    }

    fn leave(&self, id: Id, response: &mut dyn ResponseHead) {
        id.echo(response.headers_mut());
    }
}

/// The security headers.
#[derive(Debug, Default)]
pub struct Security(SecurityHeaders);

impl Gate for Security {
    type Memo = ();

    fn enter(&self, _: &mut dyn RequestHead) -> Result<(), Problem> {
        Ok(())
    }

    fn leave(&self, (): (), response: &mut dyn ResponseHead) {
        self.0.add(response.headers_mut());
    }
}

/// The one shape of errors.
#[derive(Debug, Default)]
pub struct Envelope(ErrorShape);

impl Gate for Envelope {
    type Memo = Wrap;

    fn enter(&self, request: &mut dyn RequestHead) -> Result<Wrap, Problem> {
        Ok(self.0.wrap_for(request.method()))
    }

    fn leave(&self, wrap: Wrap, response: &mut dyn ResponseHead) {
        if let Some(body) = wrap.around(response.status(), response.headers_mut()) {
            response.replace_body(body);
        }
    }
}

/// The limit by address.
#[derive(Debug, Default)]
pub struct Limit(Limiter);

impl Gate for Limit {
    type Memo = ();

    fn enter(&self, request: &mut dyn RequestHead) -> Result<(), Problem> {
        Ok(self.0.check(request.extensions())?)
    }
}

/// The token.
#[derive(Debug, Default)]
pub struct Bearer(Tokens);

impl Gate for Bearer {
    type Memo = ();

    fn enter(&self, request: &mut dyn RequestHead) -> Result<(), Problem> {
        let principal = self.0.find(request.headers())?;
        request.extensions_mut().insert(principal);
        Ok(())
    }
}

impl IntoProblem for Refusal {
    fn into_problem(self) -> Problem {
        match self {
            Self::Limited(after) => {
                Problem::new(Code::RATE_LIMITED).with_retry_after(Duration::from_secs(after))
            }
            Self::Unauthenticated => Problem::new(Code::UNAUTHENTICATED)
                .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        }
    }
}
