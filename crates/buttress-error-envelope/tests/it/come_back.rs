//! When to come back is told as it was said, and to those who read no such header.

use buttress_core::Problem;
use buttress_core::clock::{Clock, SystemClock, Timestamp};
use http::Request;

use crate::support::{answer, given, given_to};

#[tokio::test]
async fn a_date_to_come_back_at_stays_as_it_is() {
    for when in ["Sat, 21 Nov 2026 07:46:00 GMT", "99999999999", "soon", "-1", "7.5"] {
        let mut failed = answer(503, "text/plain", "");
        failed.headers_mut().insert("retry-after", when.parse().unwrap());
        let response = given(failed).await;
        let all: Vec<_> = response.headers().get_all("retry-after").iter().collect();
        assert_eq!(all, [when]);
        assert_eq!(response.extensions().get::<Problem>().unwrap().retry_after(), None);
    }
}

/// gRPC has no header for a date, and HTTP gets it as it was said.
#[tokio::test]
async fn a_date_that_is_to_come_is_a_time_to_wait() {
    let then = SystemClock.wall().as_millis() + 3_600_000;
    let then = Timestamp::from_millis(then).to_string();
    let month: usize = then[5..7].parse().unwrap();
    let name = "JanFebMarAprMayJunJulAugSepOctNovDec".get(month * 3 - 3..month * 3).unwrap();
    let date = format!("Mon, {} {name} {} {} GMT", &then[8..10], &then[..4], &then[11..19]);
    for (kind, header) in
        [("text/plain", "retry-after"), ("application/grpc", "grpc-retry-pushback-ms")]
    {
        let mut failed = answer(503, "text/plain", "");
        failed.headers_mut().insert("retry-after", date.parse().unwrap());
        let request = Request::post("/a.B/C").header("content-type", kind).body(()).unwrap();
        let response = given_to(failed, request).await;
        let wait = response.extensions().get::<Problem>().unwrap().retry_after().unwrap();
        assert!((3_500..=3_600).contains(&wait.as_secs()), "{wait:?}");
        let told = response.headers()[header].to_str().unwrap();
        match header {
            "retry-after" => assert_eq!(told, date),
            _ => assert!(told.parse::<u64>().unwrap() > 3_500_000, "{told}"),
        }
    }
}
