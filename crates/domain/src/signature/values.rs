//! The signatures that the hub holds, by their values: so that a rewritten file is known as a copy of the document it was made of.

use std::ops::ControlFlow;

use super::{Coverage, Original, Report};
use crate::digest::Digest;
use crate::document::{self, Id};
use crate::principal::Caller;
use crate::state::{self, Fault, Overlay, State, Table};

/// SHA-256 of a signature value, document id: the payload that bears the signature.
pub const SIGNATURE_VALUES: Table = Table { name: "signature values", number: 47 };

/// Documents that are looked at for one value: one document is sent on under other numbers a few times.
const MAX_DOCUMENTS: usize = 16;

/// Notes the signatures of a document.
pub(crate) fn note(rows: &mut Overlay<'_>, document: &Id, reports: &[Report]) {
    for (value, payload) in values(reports) {
        rows.put(SIGNATURE_VALUES, &key(&value, document), payload.0.to_vec());
    }
}

/// Forgets the signatures of a document.
pub(crate) fn forget(rows: &mut Overlay<'_>, document: &Id, reports: &[Report]) {
    for (value, _) in values(reports) {
        rows.remove(SIGNATURE_VALUES, &key(&value, document));
    }
}

fn values(reports: &[Report]) -> impl Iterator<Item = (Digest, Digest)> {
    // A rewritten file bears no signature, whatever is left over in it.
    let bearing = reports.iter().filter(|report| report.coverage != Coverage::Destroyed);
    bearing.flat_map(|report| report.signatures.iter().filter_map(|signature| Some((signature.value?, report.payload))))
}

fn key(value: &Digest, document: &Id) -> Vec<u8> {
    [value.0.as_slice(), &document.0].concat()
}

/// The document that a rewritten file was made of: the first whose signatures are left over in it and that the caller may see.
pub fn original(rows: &dyn State, caller: &Caller, report: &Report) -> Result<Option<Original>, Fault> {
    if report.coverage != Coverage::Destroyed {
        return Ok(None);
    }
    let left = report.remains.iter().copied().chain(report.signatures.iter().filter_map(|signature| signature.value));
    for value in left {
        let mut found = Vec::new();
        state::scan_prefix(rows, SIGNATURE_VALUES, &value.0, &[], &mut |key, payload| {
            found.push((key.get(value.0.len()..).map(<[u8]>::to_vec).unwrap_or_default(), payload.to_vec()));
            if found.len() < MAX_DOCUMENTS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        for (id, payload) in found {
            let ill_formed = || Fault("a row of signature values is ill-formed".into());
            let id = Id(id.try_into().map_err(|_| ill_formed())?);
            let payload = Digest::try_from(payload.as_slice()).map_err(|_| ill_formed())?;
            if let Some(document) = document::find(rows, &id)?
                && document::may_read(rows, caller, &document)?
            {
                return Ok(Some(Original { document: id, payload }));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Command;
    use crate::document::scene::{Letter, NOW, province, reports, system};
    use crate::signature::assess::tests::signature;
    use crate::signature::{SignatureReport, Verdict};
    use crate::state::Memory;

    const VALUE: Digest = Digest([5; 32]);

    fn submit(letter: Letter, value: Option<Digest>) -> Command {
        let mut verdicts = reports(&letter.content);
        verdicts[0].coverage = Coverage::Whole;
        verdicts[0].signatures = vec![SignatureReport { value, ..signature(Verdict::TotalPassed, "") }];
        let Command::Submit { id, content, recipients, replaces, replace_reason, .. } = letter.command() else { panic!("a submission") };
        Command::Submit { id, content, recipients, replaces, replace_reason, reports: verdicts }
    }

    #[test]
    fn a_rewritten_file_is_known_by_those_who_may_see_what_it_was_made_of_and_until_that_is_recalled() {
        let mut scene = province();
        let letter = Letter::numbered(1, "tinh", "tinh.xa");
        scene.as_system("tinh", NOW, None, submit(letter.clone(), Some(VALUE))).unwrap();
        scene.as_system("tinh.huyen", NOW, None, submit(Letter::numbered(2, "tinh.huyen", "tinh"), None)).unwrap();
        let stamped = |value: Digest| Report {
            coverage: Coverage::Destroyed,
            remains: vec![Digest([4; 32]), value],
            ..reports(&letter.content).remove(0)
        };
        let found = |rows: &Memory, agency: &str, report: &Report| original(rows, &system(agency), report).unwrap();
        let expected = Some(Original { document: Id([1; 16]), payload: letter.content.attachments[0].payload });
        assert_eq!(found(&scene.rows, "tinh", &stamped(VALUE)), expected);
        assert_eq!(found(&scene.rows, "tinh.xa", &stamped(VALUE)), expected);
        assert_eq!(found(&scene.rows, "tinh.huyen", &stamped(VALUE)), None, "who does not hold it does not learn of it");
        assert_eq!(found(&scene.rows, "tinh", &stamped(Digest([6; 32]))), None);
        let whole = Report { coverage: Coverage::Whole, ..stamped(VALUE) };
        assert_eq!(found(&scene.rows, "tinh", &whole), None, "a sound file is no copy of another");

        // Its one holder has not fetched it yet, so that it is gone at once.
        scene.as_system("tinh", NOW, None, Command::Recall { document: Id([1; 16]), reason: "Sai".into() }).unwrap();
        assert_eq!(found(&scene.rows, "tinh", &stamped(VALUE)), None);
        let mut left = 0;
        scene
            .rows
            .scan(SIGNATURE_VALUES, &[], &mut |_, _| {
                left += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(left, 0);
    }
}
