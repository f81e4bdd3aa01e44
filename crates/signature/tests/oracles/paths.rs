//! Certificate paths with random constraints, against `openssl verify -crl_check_all -policy_check`.

use signature::{CertificateQuestion, CertificateReport, CertificateUse, Options, PolicyDemands, TrustStore, Verdict, verify_certificate};

use crate::der::{BIT_STRING, IA5_STRING, element, extension, identifier, integer, sequence};
use crate::dice::{Dice, number};
use crate::pki::{COMMON_NAME, COUNTRY, Draft, EMAIL, Key, ListDraft, Name, ORGANISATION, certificate, list, name};
use crate::tool::{Folder, is_installed, pem};

/// 2026-11-27 00:00:00 UTC.
const NOW: i64 = 1_795_737_600;
const GOOD: (&str, &str) = ("20250101000000", "20280101000000");
const POLICIES: [&str; 3] = ["2.999.1", "2.999.2", "2.999.3"];
const ANY_POLICY: &str = "2.5.29.32.0";

/// One root, some authorities below it, and leaves of the last one.
struct World {
    root: Vec<u8>,
    authorities: Vec<Vec<u8>>,
    lists: Vec<Vec<u8>>,
    leaves: Vec<Vec<u8>>,
    /// Two certificates say something else of one key: the tool follows one of them, and we both.
    has_choice: bool,
    demands: PolicyDemands,
}

/// What an authority may be and say is drawn so that about half of the leaves are good: faults have to be rare, because any of
/// them spoils the path.
fn world(dice: &mut Dice) -> World {
    let top: Name = vec![(COUNTRY, "VN".into()), (ORGANISATION, "Trust".into()), (COMMON_NAME, "Root".into())];
    let root_key = Key::new();
    let usages = [key_usage(0b0000_0110), basic_constraints(true, None)];
    let draft = Draft { subject: top.clone(), serial: 1, validity: GOOD, extensions: usages.to_vec() };
    let root = certificate(&draft, &root_key, &top, &root_key);

    let mut serial = 1;
    let (mut issuer, mut issuer_key) = (top, root_key);
    let (mut authorities, mut lists) = (Vec::new(), Vec::new());
    // Of two lists of one name the tool hears the one whose key fits, and we both: they have to be sound.
    let (mut has_two_keys, mut has_choice) = (false, false);
    for level in 0..=dice.below(3) {
        serial += 1;
        // A self-issued certificate brings a new key for the same name (RFC 5280, 3.2).
        let is_self_issued = dice.chance(10);
        let subject = if is_self_issued {
            issuer.clone()
        } else {
            vec![(COUNTRY, "VN".into()), (ORGANISATION, "Trust".into()), (COMMON_NAME, format!("Authority {level}"))]
        };
        let draft =
            Draft { subject: subject.clone(), serial, validity: validity(dice), extensions: authority_extensions(dice, is_self_issued) };
        let key = Key::new();
        authorities.push(certificate(&draft, &key, &issuer, &issuer_key));
        if dice.chance(8) {
            has_choice = true;
            serial += 1;
            let extensions = authority_extensions(dice, is_self_issued);
            let other = Draft { subject: subject.clone(), serial, validity: validity(dice), extensions };
            let at = dice.below(authorities.len() + 1);
            authorities.insert(at, certificate(&other, &key, &issuer, &issuer_key));
        }
        let revoked: Vec<u64> = Some(serial).filter(|_| dice.chance(2)).into_iter().collect();
        lists.extend(revocation(dice, has_two_keys || is_self_issued, &issuer, &issuer_key, &revoked));
        has_two_keys = is_self_issued;
        (issuer, issuer_key) = (subject, key);
    }
    let mut leaves = Vec::new();
    let mut revoked = Vec::new();
    for _ in 0..3 {
        serial += 1;
        if dice.chance(5) {
            revoked.push(serial);
        }
        leaves.push(leaf(dice, serial, &issuer, &issuer_key));
    }
    lists.extend(revocation(dice, has_two_keys, &issuer, &issuer_key, &revoked));
    let acceptable = POLICIES.iter().filter(|_| dice.chance(25)).map(|one| (*one).to_owned()).collect();
    let demands =
        PolicyDemands { acceptable, require_explicit: dice.chance(30), inhibit_mapping: dice.chance(10), inhibit_any: dice.chance(10) };
    World { root, authorities, lists, leaves, has_choice, demands }
}

fn validity(dice: &mut Dice) -> (&'static str, &'static str) {
    match dice.below(60) {
        0 => ("20250101000000", "20260101000000"),
        1 => ("20270101000000", "20280101000000"),
        _ => GOOD,
    }
}

fn revocation(dice: &mut Dice, has_two_keys: bool, issuer: &Name, key: &Key, revoked: &[u64]) -> Vec<Vec<u8>> {
    let sound = ListDraft { validity: ("20261101000000", "20270101000000"), revoked, of_entries: Vec::new(), extensions: Vec::new() };
    if has_two_keys {
        return vec![list(&sound, issuer, key)];
    }
    let scope = |kind: u8| extension("2.5.29.28", true, &sequence(&[&element(kind, &[0xff])]));
    match dice.below(60) {
        0 => Vec::new(),
        1 => vec![list(&ListDraft { validity: ("20260101000000", "20260201000000"), ..sound }, issuer, key)],
        2 => vec![list(&ListDraft { validity: ("20261201000000", "20270101000000"), ..sound }, issuer, key)],
        3 => vec![list(&sound, issuer, &Key::new())],
        // A critical extension that nobody knows: in the list, and in its entries.
        4 => vec![list(&ListDraft { extensions: extension("2.999.8", true, &[5, 0]), ..sound }, issuer, key)],
        5 => vec![list(&ListDraft { of_entries: extension("2.999.8", true, &[5, 0]), ..sound }, issuer, key)],
        6 => vec![list(&ListDraft { extensions: extension("2.999.8", false, &[5, 0]), ..sound }, issuer, key)],
        // Reasons: on hold, and key compromise.
        7 => vec![list(&ListDraft { of_entries: extension("2.5.29.21", false, &[10, 1, 6]), ..sound }, issuer, key)],
        8 => vec![list(&ListDraft { of_entries: extension("2.5.29.21", false, &[10, 1, 1]), ..sound }, issuer, key)],
        // Lists of users only, of authorities only, of attribute certificates only, and of both kinds apart.
        9 => vec![list(&ListDraft { extensions: scope(0x81), ..sound }, issuer, key)],
        10 => vec![list(&ListDraft { extensions: scope(0x82), ..sound }, issuer, key)],
        11 => vec![list(&ListDraft { extensions: scope(0x85), ..sound }, issuer, key)],
        12 => [0x81, 0x82].map(|kind| list(&ListDraft { extensions: scope(kind), of_entries: Vec::new(), ..sound }, issuer, key)).to_vec(),
        _ => vec![list(&sound, issuer, key)],
    }
}

fn key_usage(bits: u8) -> Vec<u8> {
    extension("2.5.29.15", true, &element(BIT_STRING, &[bits.trailing_zeros() as u8 % 8, bits]))
}

fn basic_constraints(is_authority: bool, path_length: Option<u64>) -> Vec<u8> {
    let flag: &[u8] = if is_authority { &[1, 1, 0xff] } else { &[] };
    let length = path_length.map(integer).unwrap_or_default();
    extension("2.5.29.19", true, &sequence(&[flag, &length]))
}

fn authority_extensions(dice: &mut Dice, is_self_issued: bool) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    match dice.below(60) {
        0 => all.push(basic_constraints(false, None)),
        1 => {}
        2..12 => all.push(basic_constraints(true, Some(dice.below(3) as u64))),
        _ => all.push(basic_constraints(true, None)),
    }
    match dice.below(60) {
        // A new key that may sign certificates only leaves lists to the old one of its name, which the tool does not look at.
        0 if !is_self_issued => all.push(key_usage(0b0000_0010)),
        1 if !is_self_issued => all.push(key_usage(0b0000_0100)),
        2 if !is_self_issued => all.push(key_usage(0b1000_0000)),
        3 => {}
        _ => all.push(key_usage(0b0000_0110)),
    }
    all.extend(policies(dice));
    if dice.chance(12) {
        let (from, to) = (*dice.pick(&POLICIES), *dice.pick(&POLICIES));
        let pairs = sequence(&[&identifier(from), &identifier(to)]);
        all.push(extension("2.5.29.33", dice.chance(50), &sequence(&[&pairs])));
    }
    if dice.chance(10) {
        let explicit = if dice.chance(50) { element(0x80, &[dice.below(3) as u8]) } else { Vec::new() };
        let mapping = if explicit.is_empty() || dice.chance(50) { element(0x81, &[dice.below(3) as u8]) } else { Vec::new() };
        all.push(extension("2.5.29.36", true, &sequence(&[&explicit, &mapping])));
    }
    if dice.chance(10) {
        all.push(extension("2.5.29.54", true, &integer(dice.below(3) as u64)));
    }
    if dice.chance(15) {
        all.push(name_constraints(dice));
    }
    if dice.chance(1) {
        all.push(extension("2.999.7", true, &[5, 0]));
    }
    all
}

fn policies(dice: &mut Dice) -> Option<Vec<u8>> {
    let mut named: Vec<&str> = POLICIES.iter().copied().filter(|_| dice.chance(60)).collect();
    if dice.chance(25) {
        named.push(ANY_POLICY);
    }
    let information = named.iter().map(|one| sequence(&[&identifier(one)])).collect::<Vec<_>>().concat();
    (!named.is_empty()).then(|| extension("2.5.29.32", dice.chance(20), &sequence(&[&information])))
}

const HOSTS: [&str; 4] = ["office.example.vn", "example.vn", "mail.office.example.vn", "other.vn"];
const BOXES: [&str; 4] = ["an@example.vn", "binh@office.example.vn", "an@other.vn", "Binh@EXAMPLE.vn"];
const NETWORKS: [[u8; 8]; 2] = [[10, 0, 0, 0, 255, 0, 0, 0], [10, 1, 0, 0, 255, 255, 0, 0]];
const ADDRESSES: [[u8; 4]; 3] = [[10, 1, 2, 3], [10, 2, 2, 3], [192, 168, 0, 1]];
const OFFICES: [&str; 3] = ["Office A", "Office B", "office  a"];

/// The forms of a name that constraints and alternative names share; leading dots are left to RFC 5280's own letter for mail.
fn general_name(dice: &mut Dice, is_constraint: bool) -> Vec<u8> {
    match dice.below(5) {
        // Addresses, and in a constraint networks.
        0 if is_constraint => element(0x87, &NETWORKS[dice.below(NETWORKS.len())]),
        0 => element(0x87, &ADDRESSES[dice.below(ADDRESSES.len())]),
        1 if is_constraint => element(0x86, dice.pick(&["example.vn", ".example.vn", "other.vn"]).as_bytes()),
        1 => element(0x86, dice.pick(&["https://example.vn/a", "http://a.example.vn:80/", "https://OTHER.vn/x"]).as_bytes()),
        2 => element(0x82, dice.pick(&HOSTS).as_bytes()),
        3 if is_constraint => element(0x81, dice.pick(&["example.vn", ".example.vn", "an@example.vn", "other.vn"]).as_bytes()),
        3 => element(0x81, dice.pick(&BOXES).as_bytes()),
        _ if is_constraint => {
            let office: Name = vec![(COUNTRY, "VN".into()), (ORGANISATION, (*dice.pick(&OFFICES)).into())];
            element(0xa4, &name(&office))
        }
        _ => element(0xa4, &name(&subject(dice))),
    }
}

fn name_constraints(dice: &mut Dice) -> Vec<u8> {
    let tag = if dice.chance(50) { 0xa0 } else { 0xa1 };
    let trees = (0..=dice.below(2)).map(|_| sequence(&[&general_name(dice, true)])).collect::<Vec<_>>().concat();
    extension("2.5.29.30", true, &sequence(&[&element(tag, &trees)]))
}

fn subject(dice: &mut Dice) -> Name {
    let mut subject: Name =
        vec![(COUNTRY, "VN".into()), (ORGANISATION, (*dice.pick(&OFFICES)).into()), (COMMON_NAME, format!("Person {}", dice.below(90)))];
    if dice.chance(15) {
        subject.push((EMAIL, (*dice.pick(&BOXES)).into()));
    }
    subject
}

fn leaf(dice: &mut Dice, serial: u64, issuer: &Name, issuer_key: &Key) -> Vec<u8> {
    let mut extensions = vec![key_usage(0b1100_0000)];
    if dice.chance(50) {
        let names = (0..=dice.below(2)).map(|_| general_name(dice, false)).collect::<Vec<_>>().concat();
        extensions.push(extension("2.5.29.17", false, &sequence(&[&names])));
    }
    extensions.extend(policies(dice));
    let draft = Draft { subject: subject(dice), serial, validity: validity(dice), extensions };
    certificate(&draft, &Key::new(), issuer, issuer_key)
}

fn ours(world: &World, leaf: &[u8]) -> CertificateReport {
    let mut trust = TrustStore::new();
    trust.add_anchor(&world.root, None, None).unwrap();
    // What cannot be read is not there, as for the other tool.
    world.authorities.iter().for_each(|der| drop(trust.add_intermediate(der)));
    world.lists.iter().for_each(|der| drop(trust.add_crl(der)));
    let question = CertificateQuestion { usage: CertificateUse::Any, policies: world.demands.clone() };
    verify_certificate(leaf, &question, &trust, &Options::at(NOW))
}

/// What `openssl` says of each leaf: nothing where it is good.
fn theirs(world: &World, folder: &Folder) -> Vec<Option<String>> {
    let all = |kind: &str, ders: &[Vec<u8>]| ders.iter().map(|der| pem(kind, der)).collect::<String>();
    folder.write("root.pem", pem("CERTIFICATE", &world.root).as_bytes());
    folder.write("authorities.pem", all("CERTIFICATE", &world.authorities).as_bytes());
    folder.write("lists.pem", all("X509 CRL", &world.lists).as_bytes());
    let now = NOW.to_string();
    let mut arguments = vec!["verify", "-crl_check_all", "-policy_check", "-attime", &now, "-CAfile", "root.pem"];
    arguments.extend(["-untrusted", "authorities.pem"]);
    if !world.lists.is_empty() {
        arguments.extend(["-CRLfile", "lists.pem"]);
    }
    let flags = [
        (world.demands.require_explicit, "-explicit_policy"),
        (world.demands.inhibit_any, "-inhibit_any"),
        (world.demands.inhibit_mapping, "-inhibit_map"),
    ];
    arguments.extend(flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| *flag));
    // Without any it takes the set for empty, where RFC 5280, 6.1.1 (c) takes it for any-policy.
    let any = [ANY_POLICY.to_owned()];
    let acceptable = if world.demands.acceptable.is_empty() { &any[..] } else { &world.demands.acceptable };
    acceptable.iter().for_each(|policy| arguments.extend(["-policy", policy]));
    let names: Vec<String> = (0..world.leaves.len()).map(|index| format!("leaf{index}.pem")).collect();
    for (name, leaf) in names.iter().zip(&world.leaves) {
        folder.write(name, pem("CERTIFICATE", leaf).as_bytes());
    }
    arguments.extend(names.iter().map(String::as_str));
    let output = folder.run("openssl", &arguments);
    let (good, bad) = (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
    let answer = |name: &String| {
        if good.lines().any(|line| line == format!("{name}: OK")) {
            return None;
        }
        let before = bad.split(&format!("error {name}: verification failed")).next().unwrap_or_default();
        let errors: Vec<&str> = before.lines().filter(|line| line.starts_with("error ") && line.contains(" at ")).collect();
        Some(errors.last().map_or_else(|| bad.clone(), |line| (*line).to_owned()))
    };
    names.iter().map(answer).collect()
}

#[test]
fn random_paths_are_judged_as_openssl_judges_them() {
    if !is_installed("openssl", &["version"]) {
        return;
    }
    let folder = Folder::new();
    let mut dice = Dice::new();
    let (mut good, mut bad, mut chosen, mut wrong) = (0, 0, 0, Vec::new());
    for round in 0..number("ROUNDS", 100) {
        let world = world(&mut dice);
        for (leaf, theirs) in world.leaves.iter().zip(theirs(&world, &folder)) {
            let report = ours(&world, leaf);
            match (report.verdict == Verdict::TotalPassed, &theirs) {
                (true, None) => good += 1,
                (false, Some(_)) => bad += 1,
                (true, Some(_)) if world.has_choice => chosen += 1,
                _ => {
                    wrong.push(format!("round {round}: {:?} {:?}, openssl {theirs:?}", report.sub_indication, report.reasons));
                    folder.keep(wrong.len());
                }
            }
        }
    }
    println!("openssl verify: {good} good and {bad} bad paths agree, {chosen} found here only, {} differ", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(good > 20 && bad > 20, "{good} {bad}");
}

#[test]
fn texts_in_names_keep_their_kind() {
    // The mail address in a subject is IA5 (RFC 5280, 4.1.2.6): constraints hold for it.
    let subject: Name = vec![(EMAIL, "an@example.vn".into())];
    assert!(name(&subject).contains(&IA5_STRING));
}
