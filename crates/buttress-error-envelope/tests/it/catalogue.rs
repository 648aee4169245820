//! The catalogue has every code, once; that of the guide every metric.

use buttress_core::Code;
use buttress_core::metrics::Metrics;
use buttress_core::render::{Answers, CATALOGUE};
use buttress_error_envelope::Catalogue;
use buttress_testkit::{guide, page::Page};
use serde_json::Value;

mod mine {
    buttress_core::codes! {
        /// A page that nobody wrote.
        PAGE_MISSING = NOT_FOUND, "Nobody wrote this page.", retryable = true, grpc = DATA_LOSS;
        TEAPOT = IM_A_TEAPOT, "Short and stout.";
    }
}

#[test]
fn own_codes_stand_beside_the_familys() {
    let catalogue = Catalogue::new().with(Code::ALL).with(mine::ALL);
    let codes = catalogue.codes().unwrap();
    assert_eq!(codes.len(), Code::ALL.len() + 2);
    assert!(codes.is_sorted_by_key(|code| code.status()));

    let page = catalogue.markdown().unwrap();
    assert!(
        page.contains("| [`PAGE_MISSING`](#page-missing) | 404 | client | yes | 15 |"),
        "{page}"
    );
    assert!(page.contains("A page that nobody wrote.\n"), "{page}");
    assert!(page.contains("Short and stout.\n"), "without a meaning the message has to do");

    let json: Value = serde_json::from_str(&catalogue.json().unwrap()).unwrap();
    let mine = json.as_array().unwrap().iter().find(|code| code["code"] == "PAGE_MISSING").unwrap();
    assert_eq!(
        (&mine["status"], &mine["retryable"], &mine["grpc"]),
        (&404.into(), &true.into(), &15.into())
    );
    assert_eq!(mine["meaning"], "A page that nobody wrote.");
}

#[test]
fn two_codes_of_one_name_are_found_by_name() {
    const GONE: Code = Code::new("GONE", http::StatusCode::NOT_FOUND);
    let error = Catalogue::new().with(Code::ALL).with(&[GONE]).with(mine::ALL).with(mine::ALL);
    let error = error.json().unwrap_err();
    assert_eq!(error.names(), ["GONE", "PAGE_MISSING", "TEAPOT"]);
    assert_eq!(error.to_string(), "more than one code is called GONE, PAGE_MISSING, TEAPOT");
}

#[test]
fn every_metric_is_in_the_guide() {
    assert_eq!(guide::Page::of("signals.md").untold(CATALOGUE), [""; 0]);
    let page = Page::default();
    drop(Answers::builder().metrics(&Metrics::new(page.clone())).build().unwrap());
    let bound = page.bound();
    assert_eq!(bound.len(), CATALOGUE.len(), "{bound:?}");
    assert!(bound.iter().all(|metric| CATALOGUE.contains(metric)), "{bound:?}");
}
