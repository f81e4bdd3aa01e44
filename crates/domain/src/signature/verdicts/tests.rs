use super::*;
use crate::agency::scene::{Scene, id};
use crate::command::{self, Decision};
use crate::document::scene::{FILE, Letter, NOW, province, system};
use crate::event::Event;
use crate::signature::{self, Changed, Coverage, EvidenceKind, SignerKind, UsedEvidence};

const CRL: Digest = Digest([5; 32]);
const DOCUMENT: document::Id = document::Id([1; 16]);

fn signature(verdict: Verdict, sub_indication: &str) -> SignatureReport {
    SignatureReport {
        field: "Signature1".into(),
        sub_filter: String::new(),
        verdict,
        sub_indication: sub_indication.into(),
        reasons: vec![],
        signer_kind: SignerKind::Person,
        signer: String::new(),
        organisation: String::new(),
        issuer: "CN=CA Một".into(),
        serial: "0a1b".into(),
        certificate: None,
        not_before: None,
        not_after: None,
        claimed_time: None,
        proved_time: None,
        digest_algorithm: String::new(),
        signature_algorithm: String::new(),
        weak_digest: false,
        is_weak_only: false,
        covers_whole_file: true,
        intact: verdict != Verdict::TotalFailed,
        signing_tool: String::new(),
        weak: vec![],
        organisation_identifier: String::new(),
        value: None,
        evidence: vec![UsedEvidence { kind: EvidenceKind::Certificate, digest: Digest([3; 32]) }],
        covers: vec![],
    }
}

fn report(verdict: Verdict, sub_indication: &str) -> Report {
    Report {
        payload: FILE,
        judged_at: NOW,
        trust_version: Digest([2; 32]),
        coverage: Coverage::Whole,
        changed: Changed::None,
        later_changes: vec![],
        signatures: vec![signature(verdict, sub_indication)],
        faults: vec![],
        remains: vec![],
        producer: String::new(),
    }
}

/// A letter of the province to the commune with one signature.
fn sent(report: Report) -> Scene {
    let mut scene = province();
    let document::Command::Submit { id, content, recipients, replaces, replace_reason, .. } =
        Letter::numbered(1, "tinh", "tinh.xa").command()
    else {
        panic!("a letter is submitted")
    };
    let submit = document::Command::Submit { id, content, recipients, replaces, replace_reason, reports: vec![report] };
    scene.as_system("tinh", NOW, None, submit).unwrap();
    scene
}

fn rejudge(scene: &mut Scene, version: u32, report: Report) -> Vec<Event> {
    let rejudgement = Rejudgement { document: DOCUMENT, version, reports: vec![report], cause: CRL, reason: "a list lists it".into() };
    scene.admin(command::Command::Signature(signature::Command::Rejudge(rejudgement))).unwrap()
}

fn waiting(scene: &Scene, wait: Wait, issuer: &str) -> usize {
    waiting_for(&scene.rows, wait, issuer).unwrap().len()
}

fn seen_by(scene: &Scene, caller: &Caller) -> usize {
    changes_for(&scene.rows, caller, None, None, 10).unwrap().0.len()
}

#[test]
fn a_changed_verdict_lies_beside_the_stored_one_and_is_told_once() {
    let mut scene = sent(report(Verdict::TotalPassed, ""));
    let revoked = report(Verdict::Indeterminate, "REVOKED_NO_POE");
    assert_eq!(rejudge(&mut scene, 1, report(Verdict::TotalPassed, "")), vec![], "nothing changed");
    assert_eq!(rejudge(&mut scene, 1, revoked.clone()).len(), 1);
    assert_eq!(rejudge(&mut scene, 1, revoked.clone()), vec![], "it is known");
    assert_eq!(document::reports(&scene.rows, &DOCUMENT), Ok(vec![report(Verdict::TotalPassed, "")]));
    assert_eq!(latest(&scene.rows, &DOCUMENT), Ok(vec![revoked]));
    assert_eq!(later(&scene.rows, &DOCUMENT, 0).unwrap().map(|later| (later.cause, later.seq)), Some((CRL, scene.seq)));
    let auditor = Caller { principal: principal::Id::hub(), role: Role::Auditor };
    let (changes, next) = changes_for(&scene.rows, &auditor, None, None, 10).unwrap();
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(change.before.as_ref().map(|mark| mark.verdict), Some(Verdict::TotalPassed));
    assert_eq!((change.now.sub_indication.as_str(), next), ("REVOKED_NO_POE", None));
    // Back again is another change, and both are kept.
    rejudge(&mut scene, 1, report(Verdict::TotalPassed, ""));
    assert_eq!(seen_by(&scene, &auditor), 2);
    let (first, next) = changes_for(&scene.rows, &auditor, Some(&DOCUMENT), None, 1).unwrap();
    let (second, end) = changes_for(&scene.rows, &auditor, Some(&DOCUMENT), next, 1).unwrap();
    assert_eq!((first.len(), second.len(), end), (1, 1, None));
    assert!(first[0].seq < second[0].seq);
}

#[test]
fn changes_are_seen_by_those_whom_the_document_concerns() {
    let mut scene = sent(report(Verdict::TotalPassed, ""));
    rejudge(&mut scene, 1, report(Verdict::TotalFailed, "REVOKED"));
    let supervisor = |root| Caller { principal: principal::Id::hub(), role: Role::Supervisor { subtrees: vec![id(root)] } };
    let counts = [
        seen_by(&scene, &system("tinh")),
        seen_by(&scene, &system("tinh.xa")),
        seen_by(&scene, &system("tinh.huyen")),
        seen_by(&scene, &supervisor("tinh")),
        seen_by(&scene, &supervisor("tinh.huyen")),
        seen_by(&scene, &Caller { principal: principal::Id::hub(), role: Role::Admin }),
    ];
    assert_eq!(counts, [1, 1, 0, 1, 0, 1]);
}

#[test]
fn the_indexes_follow_the_verdicts() {
    let mut scene = sent(report(Verdict::Indeterminate, "TRY_LATER"));
    assert_eq!(signed_by_serial(&scene.rows, "0a1b"), Ok(BTreeSet::from([DOCUMENT])));
    assert_eq!(signed_by_serial(&scene.rows, "0a1"), Ok(BTreeSet::new()), "serial numbers are compared whole");
    assert_eq!(resting_on(&scene.rows, &Digest([3; 32])), Ok(BTreeSet::from([DOCUMENT])));
    assert_eq!(waiting(&scene, Wait::Revocation, "cn=ca một"), 1);
    assert_eq!((waiting(&scene, Wait::ProvedTime, ""), waiting(&scene, Wait::Chain, "")), (1, 0));
    let mut stamped = report(Verdict::Indeterminate, "TRY_LATER");
    stamped.signatures[0].proved_time = Some(NOW);
    stamped.signatures[0].sub_indication = "NO_POE".into();
    rejudge(&mut scene, 1, stamped);
    assert_eq!((waiting(&scene, Wait::Revocation, "CN=CA Một"), waiting(&scene, Wait::ProvedTime, "")), (1, 0));
    rejudge(&mut scene, 1, report(Verdict::Indeterminate, "NO_CERTIFICATE_CHAIN_FOUND"));
    assert_eq!((waiting(&scene, Wait::Revocation, "CN=CA Một"), waiting(&scene, Wait::Chain, "")), (0, 1));
    rejudge(&mut scene, 1, report(Verdict::TotalPassed, ""));
    assert_eq!(waiting(&scene, Wait::Chain, ""), 0);
}

#[test]
fn a_recalled_document_leaves_nothing_in_the_indexes() {
    let mut scene = sent(report(Verdict::TotalPassed, ""));
    rejudge(&mut scene, 1, report(Verdict::Indeterminate, "TRY_LATER"));
    scene.as_system("tinh", NOW, None, document::Command::Recall { document: DOCUMENT, reason: "nhầm".into() }).unwrap();
    assert_eq!(latest(&scene.rows, &DOCUMENT), Ok(vec![]));
    for table in [BY_EVIDENCE, BY_SERIAL, WAITING, REJUDGED] {
        let mut rows = 0;
        scene
            .rows
            .scan(table, &[], &mut |_, _| {
                rows += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(rows, 0, "{}", table.name);
    }
    assert_eq!(rejudge(&mut scene, 1, report(Verdict::TotalPassed, "")), vec![]);
}

#[test]
fn a_judgement_of_another_version_changes_nothing_and_only_the_hub_judges() {
    let mut scene = sent(report(Verdict::TotalPassed, ""));
    assert_eq!(rejudge(&mut scene, 2, report(Verdict::TotalFailed, "REVOKED")), vec![]);
    let rejudgement = Rejudgement { document: DOCUMENT, version: 1, reports: vec![], cause: CRL, reason: String::new() };
    let command = command::Command::Signature(signature::Command::Rejudge(rejudgement));
    let refused: Result<Decision, Refusal> = scene.as_system("tinh", NOW, None, command);
    assert_eq!(refused, Err(Refusal::Denied));
}
