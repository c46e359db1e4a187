//! A runbook as a page: what holds of its HTML wherever it is read, and in a real browser what a person does with it.
//!
//! Where Chromium is not installed the tests with it say so and pass over.

mod browser;

use crate::corpus;
use crate::laws;
use crate::render::html;
use base64::Engine;
use browser::{Browser, Mobile};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PAGES: [&str; 4] = [
    "runbooks/rollback-plan.rbk",
    "tests/tour/tour.rbk",
    "tests/graph/hostile.rbk",
    "tests/render/hostile.rbk",
];

fn page_of(name: &str) -> String {
    html(name, &corpus::read(name))
}

/// Tags, with what stands in them; what stands between the tags is left out.
fn tags(html: &str) -> Vec<&str> {
    let body = html.split("</style>").nth(1).expect("a style");
    let body = body.split("<script>").next().expect("a script");
    let parts = body.split('<').skip(1);
    parts
        .map(|part| part.split('>').next().unwrap_or_default())
        .collect()
}

#[test]
fn the_page_of_the_tour() {
    insta::with_settings!({
        omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "page",
    }, {
        insta::assert_snapshot!("tour.html", without_looks(&page_of("tests/tour/tour.rbk")));
        insta::assert_snapshot!("hostile.html", without_looks(&page_of("tests/render/hostile.rbk")));
    });
}

/// What differs from page to page.
fn without_looks(page: &str) -> String {
    let mut page = page.to_owned();
    for (from, to) in [
        ("<style>", "</style>"),
        ("<script>", "</script>"),
        ("'sha256-", "'"),
    ] {
        let mut at = 0;
        while let Some(start) = page[at..].find(from).map(|found| at + found + from.len()) {
            let end = start + page[start..].find(to).expect("its end");
            page.replace_range(start..end, "…");
            at = start;
        }
    }
    page
}

/// Of every file of the repository that can be read at all.
#[test]
fn a_page_has_no_tag_that_its_author_wrote_and_its_links_lead_somewhere() {
    let known: BTreeSet<&str> = [
        "a",
        "blockquote",
        "body",
        "br",
        "code",
        "del",
        "details",
        "div",
        "em",
        "figure",
        "g",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "hr",
        "input",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "path",
        "polygon",
        "pre",
        "rect",
        "span",
        "strong",
        "summary",
        "svg",
        "table",
        "tbody",
        "td",
        "text",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
    ]
    .into();
    let mut seen = 0;
    for (name, text) in laws::all() {
        if text.len() > 100_000 {
            continue;
        }
        seen += 1;
        let page = html(&name, &text);
        let tags = tags(&page);
        let mut ids = BTreeSet::new();
        for tag in &tags {
            let word = tag
                .trim_start_matches('/')
                .split([' ', '/'])
                .next()
                .unwrap_or_default();
            assert!(known.contains(word), "{name}: <{tag}>");
            let bare: String = tag.split('"').step_by(2).collect();
            assert!(
                [" on", "style=", "src="]
                    .iter()
                    .all(|odd| !bare.contains(odd)),
                "{name}: <{tag}>"
            );
            for part in tag.split(" id=\"").skip(1) {
                ids.insert(part.split('"').next().unwrap_or_default());
            }
            for part in tag.split("href=\"").skip(1) {
                let to = part.split('"').next().unwrap_or_default();
                assert!(
                    !to.contains("script:") && !to.starts_with("data:"),
                    "{name}: {to}"
                );
            }
        }
        for to in tags.iter().filter_map(|tag| tag.split("href=\"#").nth(1)) {
            let to = to.split('"').next().unwrap_or_default();
            assert!(ids.contains(to), "{name}: nothing is at #{to}");
        }
        let style = page.split("<style>").nth(1).expect("a style");
        let style = style.split("</style>").next().unwrap_or_default();
        assert!(
            !style.contains("@import") && !style.contains("url("),
            "{name}"
        );
    }
    assert!(seen > 100, "only {seen} were read");
}

/// With the browser, where there is one. CI does not install it: that takes longer than all the tests with it.
fn browser() -> Option<Browser> {
    let found = browser::program();
    if found.is_none() {
        let _ = writeln!(std::io::stderr(), "passed over: Chromium is not installed");
    }
    found.map(|program| Browser::start(&program))
}

fn written(folder: &Path, name: &str) -> String {
    let file = folder.join(name.replace('/', "-") + ".html");
    std::fs::write(&file, page_of(name)).expect("written");
    format!("file://{}", file.display())
}

/// Errors, warnings and refusals that the page gave rise to, and what it asked the network for.
fn complaints(browser: &Browser) -> Vec<String> {
    let events = browser.events.iter().filter_map(|event| {
        let params = &event["params"];
        match event["method"].as_str()? {
            "Runtime.exceptionThrown" | "Log.entryAdded" | "Runtime.consoleAPICalled" => {
                Some(params.to_string())
            }
            "Network.requestWillBeSent" => {
                let url = params["request"]["url"].as_str()?;
                let own = url == params["documentURL"] || url.starts_with("data:");
                (!own).then(|| url.to_owned())
            }
            _ => None,
        }
    });
    events.collect()
}

#[test]
fn in_a_browser_a_page_complains_of_nothing_and_asks_the_network_for_nothing() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    for name in PAGES {
        browser.open(&written(folder.path(), name));
        browser.eval("new Promise(done => setTimeout(done, 50))");
        assert_eq!(complaints(&browser), [""; 0], "{name}");
        let title = browser.eval("document.title");
        assert!(
            title.as_str().is_some_and(|title| !title.is_empty()),
            "{name}"
        );
        // That the policy is in force: another script is refused, and says so.
        let refused = "let s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.head.append(s); window.ran === undefined";
        assert_eq!(browser.eval(refused), json!(true), "{name}");
        assert_eq!(complaints(&browser).len(), 1, "{name}");
    }
}

#[test]
fn in_a_browser_the_contents_lead_somewhere_and_commands_are_copied() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    browser.open(&written(folder.path(), "runbooks/rollback-plan.rbk"));
    let lost = browser.eval(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href')).filter(to => !document.getElementById(decodeURIComponent(to.slice(1))))",
    );
    assert_eq!(lost, json!([]));
    let listed = browser.eval("document.querySelectorAll('.contents a').length");
    assert!(listed.as_u64() > Some(20), "{listed}");
    // A link of the contents is followed as a person would.
    let top = browser.eval(
        "document.querySelector('.contents a[href=\"#restored\"]').click(); new Promise(done => setTimeout(() => done(document.getElementById('restored').getBoundingClientRect().top), 50))",
    );
    assert!(
        top.as_f64().is_some_and(|top| (0.0..200.0).contains(&top)),
        "{top}"
    );
    let drawn = browser.eval("document.querySelectorAll('svg a[href=\"#restored\"]').length");
    assert_eq!(drawn, json!(1));

    let granted = json!({"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]});
    browser.call("Browser.grantPermissions", granted);
    browser.call("Page.bringToFront", json!({}));
    let copied = browser.eval(
        "(async () => { const b = document.querySelector('.code.run'); const o = b.querySelector('.copy'); o.click(); for (let i = 0; i < 100 && o.textContent === 'Copy'; i++) await new Promise(d => setTimeout(d, 20)); return [o.textContent, b.querySelector('code').textContent.trimEnd(), await navigator.clipboard.readText()] })()",
    );
    assert_eq!(copied[0], json!("Copied"));
    assert_eq!(copied[1], copied[2]);
    assert!(
        copied[1].as_str().is_some_and(|text| text.len() > 5),
        "{copied}"
    );
    // Where the clipboard is refused there is another way.
    let fallback = browser.eval(
        "(async () => { navigator.clipboard.writeText = () => Promise.reject(); const b = document.querySelectorAll('.code')[3]; const o = b.querySelector('.copy'); o.click(); for (let i = 0; i < 100 && o.textContent === 'Copy'; i++) await new Promise(d => setTimeout(d, 20)); return [o.textContent, b.querySelector('code').textContent.trimEnd(), await navigator.clipboard.readText()] })()",
    );
    assert_eq!(fallback[0], json!("Copied"));
    assert_eq!(fallback[1], fallback[2]);
}

#[test]
fn in_a_browser_a_page_fits_a_phone_and_paper_has_boxes_to_tick() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    for name in PAGES {
        browser.size(390, 844, Mobile::Yes);
        browser.media("screen", "light");
        browser.open(&written(folder.path(), name));
        let wide = browser.eval("document.documentElement.scrollWidth");
        assert!(wide.as_u64() <= Some(390), "{name}: {wide}");
    }
    let url = written(folder.path(), "runbooks/rollback-plan.rbk");
    browser.open(&url);
    assert_eq!(
        browser.eval("document.querySelector('.contents details').open"),
        json!(false)
    );
    let colour = "getComputedStyle(document.body).backgroundColor";
    let light = browser.eval(colour);
    browser.media("screen", "dark");
    let dark = browser.eval(colour);
    assert_ne!(light, dark);

    browser.size(800, 1100, Mobile::No);
    // Whoever prints from a dark screen does not print a dark page.
    browser.media("print", "dark");
    assert_eq!(browser.eval(colour), light);
    let shown = |selector: &str| {
        format!(
            "[...document.querySelectorAll('{selector}')].filter(e => e.getClientRects().length > 0).length"
        )
    };
    assert_eq!(browser.eval(&shown("button, .contents, .here")), json!(0));
    let numbered = browser.eval("[...document.querySelectorAll('h3,h4,h5,h6')].filter(h => /^\\d+\\./.test(h.textContent)).length");
    assert!(numbered.as_u64() > Some(30), "{numbered}");
    assert_eq!(browser.eval(&shown(".tick")), numbered);
    let boxes = browser.eval(&shown("input[type=checkbox]"));
    assert!(boxes.as_u64() > Some(30), "{boxes}");
    browser.media("", "light");
    let printed = browser.call("Page.printToPDF", json!({"preferCSSPageSize": true}));
    let printed = base64::engine::general_purpose::STANDARD
        .decode(printed["data"].as_str().expect("data"))
        .expect("a PDF");
    assert!(
        printed.starts_with(b"%PDF") && printed.len() > 50_000,
        "{}",
        printed.len()
    );
}

#[test]
fn in_a_browser_a_report_shows_the_way_of_its_run() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::copy(
        root.join("tests/cli/report.rbk"),
        folder.path().join("report.rbk"),
    )
    .expect("copied");
    std::fs::write(
        folder.path().join("answers.toml"),
        "[answers]\n\"What is the error rate?\" = \"12%\"\n\"Nobody deploys right now\" = \"yes\"\n",
    )
    .expect("written");
    let runbook = |arguments: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_runbook"))
            .args(arguments)
            .current_dir(folder.path())
            .env("XDG_STATE_HOME", folder.path().join("state"))
            .stdin(Stdio::null())
            .output()
            .expect("runbook starts");
        (
            out.status.code(),
            String::from_utf8_lossy(&out.stdout).into_owned(),
        )
    };
    let (code, _) = runbook(&["run", "report.rbk", "--answers", "answers.toml", "--json"]);
    assert_eq!(code, Some(75), "it waits for an answer");
    let (code, page) = runbook(&["report", "--to", "html"]);
    assert_eq!(code, Some(0));
    let file = folder.path().join("report.html");
    std::fs::write(&file, page).expect("written");
    browser.open(&format!("file://{}", file.display()));
    assert_eq!(complaints(&browser), [""; 0]);
    let marked = browser.eval("[...document.querySelectorAll('svg g.current, svg g.failed, svg g.undone')].map(g => g.querySelector('text').textContent).sort()");
    assert_eq!(
        marked,
        json!(["Look at the dashboard", "Quick fix", "Restart the service"])
    );
    let lost = browser.eval("[...document.querySelectorAll('.contents a')].filter(a => !document.getElementById(a.getAttribute('href').slice(1))).length");
    assert_eq!(lost, json!(0));
    assert!(
        browser
            .eval("document.querySelectorAll('.contents a').length")
            .as_u64()
            > Some(5)
    );
}

/// `just pictures` puts them into `target/pictures`.
#[test]
#[ignore = "makes pictures for a person to look at"]
fn pictures() {
    let Some(mut browser) = browser() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pictures");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut names: Vec<String> = PAGES.iter().map(|&name| name.to_owned()).collect();
    names.extend(
        crate::runbooks::to_copy()
            .iter()
            .map(|name| format!("runbooks/{name}.rbk")),
    );
    names.sort();
    names.dedup();
    for name in names {
        let url = written(&folder, &name);
        let stem = name.replace('/', "-");
        let mut shot = |what: &str, width: u32, media: &str, scheme: &str| {
            let mobile = if width < 500 { Mobile::Yes } else { Mobile::No };
            browser.size(width, 1000, mobile);
            browser.media(media, scheme);
            browser.open(&url);
            let high = browser.eval("Math.min(document.documentElement.scrollHeight, 6000)");
            let clip = json!({"x": 0, "y": 0, "width": width, "height": high, "scale": 1});
            let params = json!({"clip": clip, "captureBeyondViewport": true});
            let taken: Value = browser.call("Page.captureScreenshot", params);
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(taken["data"].as_str().expect("data"))
                .expect("a picture");
            let file: PathBuf = folder.join(format!("{stem}-{what}.png"));
            std::fs::write(file, bytes).expect("written");
        };
        shot("desktop", 1440, "screen", "light");
        shot("dark", 1440, "screen", "dark");
        shot("phone", 390, "screen", "light");
        shot("print", 800, "print", "light");
    }
}
