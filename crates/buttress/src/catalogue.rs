use buttress_core::Code;
use buttress_error_envelope::Catalogue;

/// Every code that the crates of this facade answer with, for clients to read. Add your own with
/// [`with`](Catalogue::with).
///
/// ```
/// mod shop {
///     buttress::codes! {
///         /// Somebody else bought the last one.
///         OUT_OF_STOCK = CONFLICT, "This article is sold out.";
///     }
/// }
///
/// let page = buttress::catalogue().with(shop::ALL).markdown()?;
/// assert!(page.contains("OUT_OF_STOCK") && page.contains("RATE_LIMITED"));
/// # Ok::<_, buttress::error_envelope::DuplicateCodes>(())
/// ```
pub fn catalogue() -> Catalogue {
    let catalogue = Catalogue::new().with(Code::ALL);
    #[cfg(feature = "ratelimit")]
    let catalogue = catalogue.with(buttress_ratelimit::codes::ALL);
    catalogue
}
