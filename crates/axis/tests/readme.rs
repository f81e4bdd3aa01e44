//! The commands of README.md, run as they are written.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::path::Path;
use std::process::Command;

use axis::sandbox::{self, Agency, Options};
use common::clock;

/// The shell's blocks of a page.
fn blocks(page: &str) -> Vec<&str> {
    page.split("```bash\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// What each `--agency CODE=OLDCODE:SECRET:NAME` of the first block says.
fn agencies(block: &str) -> Vec<Agency> {
    let texts = block.split("--agency '").skip(1).map(|rest| rest.split('\'').next().unwrap());
    let agency = |text: &str| {
        let [codes, secret, name] = text.splitn(3, ':').collect::<Vec<_>>()[..] else { panic!("{text}") };
        let (code, old_code) = codes.split_once('=').unwrap();
        Agency { code: code.into(), old_code: old_code.into(), secret: secret.into(), name: name.into(), ..Agency::default() }
    };
    texts.map(agency).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_readme_work_as_written() {
    let has = |tool: &str| Command::new(tool).arg("--help").output().is_ok();
    if !["bash", "curl", "openssl"].into_iter().all(has) {
        println!("1 skipped: bash, curl or openssl is not there");
        return;
    }
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(home.join("README.md")).unwrap();
    let blocks = blocks(&page);
    assert_eq!(blocks.len(), 5);
    let dir = tempfile::tempdir().unwrap();
    let options = Options { agencies: agencies(blocks[0]), ..Options::new(dir.path().join("data"), clock()) };
    let running = sandbox::start(options).await.unwrap();
    let script = blocks[1..].concat();
    let script = script.replace("127.0.0.1:7081", &running.control.unwrap().to_string());
    let script = script.replace("127.0.0.1:7080", &running.address.to_string());
    // The list that the commands keep is not the samples' business.
    let script = format!("set -euo pipefail\n{}", script.replace("list.json", &dir.path().join("list.json").display().to_string()));
    let output = tokio::task::spawn_blocking(move || {
        let mut bash = Command::new("bash");
        // What one block leaves unquoted, the shell may not take for a pattern; the page's own address is in `AXIS`.
        bash.args(["-c", &script]).current_dir(home.join("../..")).env("AXIS", format!("http://{}", running.address));
        (bash.output().unwrap(), running.counts())
    });
    let (output, counts) = output.await.unwrap();
    let (told, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{complained}");
    assert!(!told.contains("FAIL") && !told.contains("\"success\":false"), "{told}");
    for expected in
        ["<edXML:OrganId>VN.AXIS</edXML:OrganId>", "\"receiveStatus\":\"done\"", "\"lose_answer\":0.2", "\"messageType\":\"status\""]
    {
        assert!(told.contains(expected), "{expected} is not in {told}");
    }
    // A document and its status by VXP, the document once more by LGSP; the first has been acknowledged.
    assert_eq!(counts, (3, 2));
}
