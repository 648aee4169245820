//! The catalogue has every code of the family, once, and the page of the guide is what the code prints.

/// `scripts/catalogue` writes the page anew.
#[test]
fn the_page_of_the_guide_is_what_the_code_prints() {
    let page = include_str!("../../../../docs/codes.md");
    let (_, printed) = page.split_once("-->\n\n").expect("the page says that it is printed");
    let now = buttress::catalogue().markdown().unwrap();
    assert!(printed == now, "docs/codes.md is stale: run scripts/catalogue");
}

#[test]
fn every_code_of_the_family_says_what_it_means() {
    for code in buttress::catalogue().codes().unwrap() {
        let meaning = code.meaning();
        assert!(meaning.ends_with('.') && meaning.trim() == meaning, "{code}: {meaning:?}");
    }
}
