//! A document as one page of HTML: style, script and pictures in it, nothing from the network, and nothing that its author wrote
//! is more than text.
//!
//! | file | what it holds |
//! |---|---|
//! | `body` | from our Markdown to what stands in the page |
//! | `page.css` | on a screen light or dark, on a phone, on paper |
//! | `page.js` | buttons that copy; the page says the same without it |

mod body;

pub(crate) use body::{Figure, body};

use crate::graph::{STYLE, escape};
use crate::text::visible;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const LOOK: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page of a Markdown document of ours; each figure stands where its Mermaid text does.
pub(crate) fn page(markdown: &str, figures: Vec<Figure>) -> String {
    let body = body(&visible(markdown), figures);
    let title = escape(&body.title);
    let style = format!("\n{LOOK}{STYLE}");
    let script = format!("\n{SCRIPT}");
    // What is not named here the page may not have: another script or style, a picture, a form, a request.
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(&style),
        hash(&script)
    );
    let contents = match body.contents.is_empty() {
        true => String::new(),
        false => format!(
            "<nav class=\"contents\" aria-label=\"Contents\">\n<details open>\n<summary>Contents</summary>\n{}</details>\n</nav>\n",
            body.contents
        ),
    };
    format!(
        "<!doctype html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n\
         <style>{style}</style>\n\
         </head>\n\
         <body>\n\
         {contents}<main>\n{}</main>\n\
         <script>{script}</script>\n\
         </body>\n\
         </html>\n",
        body.html
    )
}

/// As a content security policy names a style or script by what it is.
fn hash(text: &str) -> String {
    format!(
        "sha256-{}",
        STANDARD.encode(Sha256::digest(text.as_bytes()))
    )
}
