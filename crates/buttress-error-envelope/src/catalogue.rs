use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{self, Write};

use buttress_core::Code;

/// Every code that clients may see, for them to read: the family's, and your own.
///
/// ```
/// use buttress_core::Code;
/// use buttress_error_envelope::Catalogue;
///
/// mod shop {
///     buttress_core::codes! {
///         /// Somebody else bought the last one.
///         OUT_OF_STOCK = CONFLICT, "This article is sold out.";
///     }
/// }
///
/// let catalogue = Catalogue::new().with(Code::ALL).with(shop::ALL);
/// let page = catalogue.markdown()?;
/// assert!(page.contains("Somebody else bought the last one."));
///
/// let twice = Catalogue::new().with(shop::ALL).with(shop::ALL);
/// assert_eq!(twice.markdown().unwrap_err().names(), ["OUT_OF_STOCK"]);
/// # Ok::<_, buttress_error_envelope::DuplicateCodes>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a catalogue has no effect until it is printed"]
pub struct Catalogue {
    codes: Vec<Code>,
}

impl Catalogue {
    /// Starts with none.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds these.
    pub fn with(mut self, codes: &[Code]) -> Self {
        self.codes.extend_from_slice(codes);
        self
    }

    /// The codes, by status and then by name.
    ///
    /// # Errors
    ///
    /// Fails if two codes have one name: to a client they would be the same.
    pub fn codes(&self) -> Result<Vec<Code>, DuplicateCodes> {
        let mut counts = BTreeMap::<_, usize>::new();
        for code in &self.codes {
            *counts.entry(code.name()).or_default() += 1;
        }
        let names: Vec<_> =
            counts.into_iter().filter(|(_, n)| *n > 1).map(|(name, _)| name).collect();
        if !names.is_empty() {
            return Err(DuplicateCodes { names });
        }
        let mut codes = self.codes.clone();
        codes.sort_by_key(|code| (code.status(), code.name()));
        Ok(codes)
    }

    /// A page with a section for each code, whose anchors are those that `type` names in problem details.
    ///
    /// # Errors
    ///
    /// Fails if two codes have one name.
    pub fn markdown(&self) -> Result<String, DuplicateCodes> {
        let mut page =
            String::from("| code | status | whose fault | retry | gRPC |\n|---|---|---|---|---|\n");
        let codes = self.codes()?;
        // Writing to a string does not fail.
        for code in &codes {
            let retry = if code.is_retryable() { "yes" } else { "no" };
            let _ = writeln!(
                page,
                "| [`{code}`](#{}) | {} | {} | {retry} | {} |",
                code.anchor(),
                code.status().as_u16(),
                code.class().as_str(),
                code.grpc_code().as_u8(),
            );
        }
        for code in &codes {
            let (anchor, meaning) = (code.anchor(), code.meaning());
            let message = code.default_message();
            let _ = write!(
                page,
                "\n## <a id=\"{anchor}\"></a>`{code}`\n\n{meaning}\n\nClients read: \u{201c}{message}\u{201d}\n"
            );
        }
        Ok(page)
    }

    /// The same as JSON: an array of objects, for programs.
    ///
    /// # Errors
    ///
    /// Fails if two codes have one name.
    pub fn json(&self) -> Result<String, DuplicateCodes> {
        let entry = |code: &Code| {
            serde_json::json!({
                "code": code.name(),
                "status": code.status().as_u16(),
                "class": code.class().as_str(),
                "retryable": code.is_retryable(),
                "grpc": code.grpc_code().as_u8(),
                "anchor": code.anchor().to_string(),
                "message": code.default_message(),
                "meaning": code.meaning(),
            })
        };
        let entries = self.codes()?.iter().map(entry).collect::<serde_json::Value>();
        Ok(format!("{entries:#}"))
    }
}

/// That two codes of a [`Catalogue`] have one name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DuplicateCodes {
    names: Vec<&'static str>,
}

impl DuplicateCodes {
    /// The names that are there more than once, in order.
    #[must_use]
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }
}

impl fmt::Display for DuplicateCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than one code is called {}", self.names.join(", "))
    }
}

impl Error for DuplicateCodes {}
