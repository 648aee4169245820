//! What others have published of how they retry, as data: their facts in our words. Where we do something else, it
//! stands in the table of deviations, which each test prints.

mod aws;
mod finagle;
mod grpc;
mod polly;

/// Where we differ, and why.
type Deviations = [(&'static str, &'static str)];

fn print(of: &str, deviations: &Deviations) {
    for (what, why) in deviations {
        println!("{of}: {what}: {why}");
    }
}
