//! Whose signatures the files of a document bear: the competent person's and the agency's, in that order, by those who are
//! registered for it (NĐ 30/2020/NĐ-CP, Điều 12 and 13: the person signs first, the agency after).

use super::assess::{Notes, Signed, is_sound, is_time_stamp};
use super::finding::Sentence;
use super::{Action, Reason, Requirement, Rule, SignatureReport, Verdict};
use crate::document::AttachmentRole;
use crate::letters::composed;
use crate::signer::{AuthorisedSigner, KnownBy, Role};
use crate::time::Timestamp;

/// A signature over the main file, and where it stands.
#[derive(Clone, Copy)]
struct Placed<'a> {
    signature: &'a SignatureReport,
    role: Option<Role>,
    place: Place,
    /// It says who signed: it is sound, or lacks nothing but what time takes away or will bring.
    counts: bool,
}

#[derive(Clone, Copy)]
enum Place {
    /// A revision of a PDF: each covers those before it.
    Within(usize),
    /// Beside the file, or beside others in an XML document or a container: told from them by its proved time alone.
    Beside(Option<Timestamp>),
}

impl Place {
    fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Within(this), Self::Within(other)) => this > other,
            (Self::Beside(_), Self::Within(_)) => true,
            (Self::Within(_), Self::Beside(_)) => false,
            (Self::Beside(this), Self::Beside(other)) => this.zip(other).is_none_or(|(this, other)| this >= other),
        }
    }
}

/// Assesses a document whose main file is signed.
pub(super) fn assess(notes: &mut Notes<'_>, main: &Signed<'_>, files: &[Signed<'_>], rule: &Rule) {
    let placed = placed(notes, main);
    required(notes, main, &placed, rule);
    registered(notes, main, &placed, rule);
    order(notes, main, &placed, rule);
    for file in files.iter().filter(|file| file.role == AttachmentRole::Appendix) {
        attachment(notes, file, &placed, rule);
    }
}

fn placed<'a>(notes: &Notes<'_>, main: &Signed<'a>) -> Vec<Placed<'a>> {
    let authorised = notes.submission.authorised;
    let inside = main.report.signatures.iter().enumerate().map(|(index, signature)| {
        let is_revision = signature.sub_filter.starts_with("adbe.") || signature.sub_filter.starts_with("ETSI.");
        (signature, if is_revision { Place::Within(index) } else { Place::Beside(signature.proved_time) })
    });
    let beside = main.detached.iter().flat_map(|report| &report.signatures);
    let beside = beside.map(|signature| (signature, Place::Beside(signature.proved_time)));
    let all = inside.chain(beside).filter(|(signature, _)| !is_time_stamp(signature));
    all.map(|(signature, place)| {
        let role = authorised.role_of(signature);
        let signer = role.and_then(|role| authorised.signer_of(signature, role));
        let is_pinned = signer.is_some_and(|signer| matches!(signer.known_by, KnownBy::Certificate(_)));
        Placed { signature, role, place, counts: counts(signature, is_pinned) }
    })
    .collect()
}

/// Whether a signature says who signed. What no anchor vouches for says nothing, unless the agency registered the very certificate:
/// anybody can make a certificate in any name.
fn counts(signature: &SignatureReport, is_pinned: bool) -> bool {
    let sub = signature.sub_indication.as_str();
    let for_want_of_time = matches!(sub, "TRY_LATER" | "OUT_OF_BOUNDS_NO_POE" | "NO_POE");
    let is_open = signature.verdict == Verdict::Indeterminate && signature.intact;
    let needs_no_anchor = is_pinned && sub == "NO_CERTIFICATE_CHAIN_FOUND";
    is_sound(signature) || (is_open && (for_want_of_time || needs_no_anchor))
}

fn names(placed: &[Placed<'_>]) -> Vec<String> {
    placed.iter().map(|one| one.signature.field.clone()).collect()
}

fn of(placed: &[Placed<'_>], role: Role) -> bool {
    placed.iter().any(|one| one.counts && one.role == Some(role))
}

/// The signatures that the rule demands.
fn required(notes: &mut Notes<'_>, main: &Signed<'_>, placed: &[Placed<'_>], rule: &Rule) {
    let (person, organisation) = match rule.requires {
        Requirement::None => (false, false),
        Requirement::Personal => (true, false),
        Requirement::Organisation => (false, true),
        Requirement::Both => (true, true),
    };
    let (no_person, no_organisation) = (person && !of(placed, Role::Person), organisation && !of(placed, Role::Organisation));
    let (file, fields) = (main.file, vec![main.field()]);
    if person && organisation && no_person != no_organisation && is_one_certificate(placed) {
        let sentence = Sentence {
            english: format!(
                "{file}: one certificate made all signatures; the person who is competent and the organisation sign with a certificate each"
            ),
            vietnamese: format!(
                "{file}: tất cả chữ ký đều dùng một chứng thư; người có thẩm quyền và cơ quan phải ký bằng chứng thư riêng của mình"
            ),
        };
        return notes.note(rule.on_unsigned, Reason::SameCertificateForBoth, fields, names(placed), sentence);
    }
    if no_person {
        let sentence = Sentence {
            english: format!("{file}: the signature of the person who signed is missing; have it signed by the person"),
            vietnamese: format!("{file}: thiếu chữ ký số của người có thẩm quyền; hãy trình người có thẩm quyền ký số"),
        };
        notes.note(rule.on_unsigned, Reason::PersonalSignatureMissing, fields.clone(), vec![], sentence);
    }
    if no_organisation {
        let sentence = Sentence {
            english: format!("{file}: the signature of the organisation is missing; have the clerical office sign it"),
            vietnamese: format!("{file}: thiếu chữ ký số của cơ quan, tổ chức; hãy chuyển văn thư ký số của cơ quan"),
        };
        notes.note(rule.on_unsigned, Reason::OrganisationSignatureMissing, fields, vec![], sentence);
    }
}

fn is_one_certificate(placed: &[Placed<'_>]) -> bool {
    let mut certificates = placed.iter().filter(|one| one.counts).map(|one| one.signature.certificate);
    match certificates.next() {
        Some(Some(first)) => {
            let rest: Vec<_> = certificates.collect();
            !rest.is_empty() && rest.iter().all(|other| *other == Some(first))
        }
        Some(None) | None => false,
    }
}

/// Whether those signed who are registered to sign, within their term, and the person that the document states.
fn registered(notes: &mut Notes<'_>, main: &Signed<'_>, placed: &[Placed<'_>], rule: &Rule) {
    let authorised = notes.submission.authorised;
    let (file, fields) = (main.file, vec![main.field()]);
    if !authorised.has_persons && !authorised.has_organisations {
        let agency = &notes.submission.content.issuer;
        let sentence = Sentence {
            english: format!("{file}: agencies/{agency} has no registered signers, so it was not looked at who signed"),
            vietnamese: format!("{file}: agencies/{agency} chưa đăng ký người ký, nên chưa đối chiếu thẩm quyền ký"),
        };
        return notes.note(rule.on_unregistered, Reason::IssuerNotRegistered, vec!["document.issuer".into()], vec![], sentence);
    }
    for (role, has) in [(Role::Person, authorised.has_persons), (Role::Organisation, authorised.has_organisations)] {
        let present: Vec<Placed<'_>> =
            placed.iter().filter(|one| one.role == Some(role) && one.signature.verdict != Verdict::TotalFailed).copied().collect();
        if has && !present.is_empty() {
            registered_in(notes, main, role, &present, rule);
        }
    }
    let roleless: Vec<Placed<'_>> = placed.iter().filter(|one| one.signature.verdict != Verdict::TotalFailed).copied().collect();
    if !roleless.is_empty() && roleless.iter().all(|one| one.role.is_none()) {
        let sentence = not_authorised(file, &roleless);
        notes.note(rule.on_wrong_signer, Reason::SignerNotAuthorised, fields, names(&roleless), sentence);
    }
}

fn registered_in(notes: &mut Notes<'_>, main: &Signed<'_>, role: Role, present: &[Placed<'_>], rule: &Rule) {
    let authorised = notes.submission.authorised;
    let (file, fields) = (main.file, vec![main.field()]);
    let known: Vec<(Placed<'_>, &AuthorisedSigner)> =
        present.iter().filter(|one| one.counts).filter_map(|one| Some((*one, authorised.signer_of(one.signature, role)?))).collect();
    if known.is_empty() {
        let in_their_name: Vec<Placed<'_>> =
            present.iter().filter(|one| authorised.signer_of(one.signature, role).is_some()).copied().collect();
        let (who, sentence) = if in_their_name.is_empty() {
            (present, not_authorised(file, present))
        } else {
            (in_their_name.as_slice(), not_vouched_for(file, &in_their_name))
        };
        return notes.note(rule.on_wrong_signer, Reason::SignerNotAuthorised, fields, names(who), sentence);
    }
    let in_term: Vec<_> = known.iter().filter(|(one, signer)| signer.is_in_term(notes.day_signed(one.signature))).collect();
    if in_term.is_empty() {
        let resources: Vec<String> = known.iter().map(|(_, signer)| signer.resource_name()).collect();
        let resources = resources.join(", ");
        let sentence = Sentence {
            english: format!("{file}: was signed outside of the term for which {resources} is registered"),
            vietnamese: format!("{file}: được ký ngoài thời hạn ký đã đăng ký của {resources}"),
        };
        let signatures = known.iter().map(|(one, _)| one.signature.field.clone()).collect();
        return notes.note(rule.on_wrong_signer, Reason::SignerOutOfTerm, fields, signatures, sentence);
    }
    let stated = &notes.submission.content.signer;
    let faults = |signer: &AuthorisedSigner| {
        let differs = |registered: &str, stated: &str| !registered.is_empty() && folded(registered) != folded(stated);
        let mut faults = Vec::new();
        if differs(&signer.name, &stated.full_name) {
            faults.push("document.signer.full_name".to_owned());
        }
        if differs(&signer.position, &stated.position) {
            faults.push("document.signer.position".to_owned());
        }
        faults
    };
    let nearest = in_term.iter().map(|(one, signer)| (*one, *signer, faults(signer))).min_by_key(|(_, _, faults)| faults.len());
    if let (Role::Person, Some((one, signer, faults))) = (role, nearest)
        && !faults.is_empty()
    {
        let (registered, position) = (&signer.name, &signer.position);
        let (name, stated_position) = (&stated.full_name, &stated.position);
        let sentence = Sentence {
            english: format!("{file}: was signed by {registered} ({position}), but the document states {name} ({stated_position})"),
            vietnamese: format!(
                "{file}: người ký số là {registered} ({position}), nhưng văn bản ghi người ký là {name} ({stated_position})"
            ),
        };
        notes.note(rule.on_wrong_signer, Reason::SignerNotStated, faults, vec![one.signature.field.clone()], sentence);
    }
}

fn not_authorised(file: &str, present: &[Placed<'_>]) -> Sentence {
    let who = signers(present);
    Sentence {
        english: format!(
            "{file}: was signed by {who}, which is not registered to sign for the issuer; have an authorised signer sign it, or ask the administrator of the hub to register the signer"
        ),
        vietnamese: format!(
            "{file}: được ký bởi {who}, chưa được đăng ký ký cho cơ quan ban hành; hãy để người có thẩm quyền ký, hoặc đề nghị quản trị viên đăng ký người ký"
        ),
    }
}

/// The certificate says that it is a registered signer's, and nobody confirms it: anybody can write a number into a certificate.
fn not_vouched_for(file: &str, present: &[Placed<'_>]) -> Sentence {
    let who = signers(present);
    Sentence {
        english: format!(
            "{file}: was signed in the name of {who}, a registered signer, but the signature does not prove it; have it signed by a certificate that is trusted here"
        ),
        vietnamese: format!(
            "{file}: được ký với danh nghĩa {who} đã đăng ký, nhưng chữ ký không chứng minh được điều đó; hãy ký bằng chứng thư được tin cậy ở đây"
        ),
    }
}

/// Each signer once, the first three.
fn signers(present: &[Placed<'_>]) -> String {
    let mut who: Vec<&str> = Vec::new();
    for one in present {
        let name = if one.signature.signer.is_empty() { one.signature.field.as_str() } else { one.signature.signer.as_str() };
        if !who.contains(&name) {
            who.push(name);
        }
    }
    who.into_iter().take(3).collect::<Vec<_>>().join("; ")
}

/// As people read it: letters composed, in one case, blanks as one.
fn folded(text: &str) -> String {
    composed(text).to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The agency signs what the person has signed.
fn order(notes: &mut Notes<'_>, main: &Signed<'_>, placed: &[Placed<'_>], rule: &Rule) {
    let authorised = notes.submission.authorised;
    let in_role = |role| -> Vec<Placed<'_>> {
        let all: Vec<Placed<'_>> = placed.iter().filter(|one| one.counts && one.role == Some(role)).copied().collect();
        let known: Vec<Placed<'_>> = all.iter().filter(|one| authorised.signer_of(one.signature, role).is_some()).copied().collect();
        // Where somebody is registered, those who initial a draft or receive it do not matter.
        if known.is_empty() { all } else { known }
    };
    let (persons, organisations) = (in_role(Role::Person), in_role(Role::Organisation));
    let uncovered: Vec<Placed<'_>> =
        persons.into_iter().filter(|person| !organisations.iter().any(|one| one.place.covers(person.place))).collect();
    if organisations.is_empty() || uncovered.is_empty() {
        return;
    }
    let file = main.file;
    let sentence = Sentence {
        english: format!(
            "{file}: the person signed after the organisation, whose signature does not cover it; the person signs first and the organisation after (NĐ 30/2020/NĐ-CP)"
        ),
        vietnamese: format!(
            "{file}: người có thẩm quyền ký sau cơ quan nên chữ ký của cơ quan không bao trùm; người có thẩm quyền phải ký trước, cơ quan ký sau (NĐ 30/2020/NĐ-CP)"
        ),
    };
    let signatures = [names(&uncovered), names(&organisations)].concat();
    notes.note(rule.on_wrong_order, Reason::WrongSigningOrder, vec![main.field()], signatures, sentence);
}

/// A file that goes with a signed document is signed by the same agency.
fn attachment(notes: &mut Notes<'_>, file: &Signed<'_>, main: &[Placed<'_>], rule: &Rule) {
    if rule.on_attachment == Action::Record && !file.is_signed() && !file.file.to_ascii_lowercase().ends_with(".pdf") {
        // Tables and drawings go along unsigned every day: what nobody asks for is not recorded one by one.
        return;
    }
    let name = file.file;
    if !file.is_signed() {
        if super::assess::has_been_told(file) {
            return;
        }
        let sentence = Sentence {
            english: format!("{name}: is not signed, though the document is; have the clerical office sign the attachment too"),
            vietnamese: format!("{name}: chưa được ký số trong khi văn bản đã ký; hãy để văn thư ký số của cơ quan lên tệp kèm theo"),
        };
        return notes.note(rule.on_attachment, Reason::AttachmentNotSigned, vec![file.field()], vec![], sentence);
    }
    let authorised = notes.submission.authorised;
    let own = placed(notes, file);
    let is_ours = |one: &Placed<'_>| {
        let known = [Role::Person, Role::Organisation].iter().any(|role| authorised.signer_of(one.signature, *role).is_some());
        let same = one.signature.certificate.is_some()
            && main.iter().any(|other| other.counts && other.signature.certificate == one.signature.certificate);
        one.counts && (known || same)
    };
    if !own.is_empty() && !own.iter().any(is_ours) {
        let sentence = Sentence {
            english: format!("{name}: is signed by others than the document; have the clerical office sign the attachment too"),
            vietnamese: format!("{name}: được ký bởi người khác với văn bản; hãy để văn thư ký số của cơ quan lên tệp kèm theo"),
        };
        notes.note(rule.on_attachment, Reason::AttachmentSignedByAnother, vec![file.field()], names(&own), sentence);
    }
}

#[cfg(test)]
mod tests;
