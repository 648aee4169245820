//! Prints the codes of the family as Markdown, or with `--json` as JSON. With your own beside them:
//! `.with(mine::ALL)`.

use buttress::error_envelope::DuplicateCodes;

fn main() -> Result<(), DuplicateCodes> {
    let catalogue = buttress::catalogue();
    let wants_json = std::env::args().any(|argument| argument == "--json");
    let printed = if wants_json { catalogue.json()? + "\n" } else { catalogue.markdown()? };
    print!("{printed}");
    Ok(())
}
