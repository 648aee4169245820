use std::sync::Arc;

use buttress_testkit::models::{explore, join, thread};

use super::*;

const PRICE: u64 = 5 * TOKEN;

/// A quota, of which this much is left.
fn quota(left: u64) -> Arc<Tokens> {
    let tokens = Tokens::new(2 * PRICE, Rules::Quota { per_success: TOKEN });
    assert_eq!(tokens.take(2 * PRICE - left), Some(2 * PRICE - left));
    Arc::new(tokens)
}

fn spawn<T: 'static>(
    tokens: &Arc<Tokens>,
    what: impl FnOnce(&Tokens) -> T + 'static,
) -> thread::JoinHandle<T> {
    let tokens = tokens.clone();
    thread::spawn(move || what(&tokens))
}

#[test]
fn two_takers_a_quota_for_one() {
    explore(|| {
        let tokens = quota(PRICE);
        let other = spawn(&tokens, |tokens| tokens.take(PRICE).is_some());
        let mine = tokens.take(PRICE).is_some();
        assert_ne!([mine], join([other]), "one of them has it");
        assert_eq!(tokens.left(), 0);
    });
}

/// Nothing is lost, and nobody has it twice.
#[test]
fn what_is_given_back_while_another_takes_is_there() {
    explore(|| {
        let tokens = quota(PRICE);
        let taken = tokens.take(PRICE).unwrap();
        let other = spawn(&tokens, |tokens| tokens.take(PRICE).is_some());
        tokens.give_back(taken);
        let mine = tokens.take(PRICE).is_some();
        assert_ne!([mine], join([other]), "one of them has it");
        assert_eq!(tokens.left(), 0);
    });
}

/// A success that fills it up meets one that takes: it never holds more than it may, nor less than what is left of it.
#[test]
fn a_success_and_a_repeat_at_once_are_both_counted() {
    explore(|| {
        let tokens = quota(PRICE);
        let other = spawn(&tokens, |tokens| tokens.take(PRICE).is_some());
        tokens.succeeded(None);
        assert_eq!(join([other]), [true]);
        assert_eq!(tokens.left(), TOKEN);
    });
}
