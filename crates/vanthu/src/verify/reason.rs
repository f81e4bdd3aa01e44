//! Why a file was not judged, and the sentences of the `signature` crate in Vietnamese.

use std::io;
use std::path::PathBuf;

use crate::verify::sentences::{FORMS, FRAMES, RARER, THINGS};
use crate::verify::{Language, moment};

/// Why there is no verdict on the signatures of a file. The text is for machines and English readers; see [`Refusal::told`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("there is no such file")]
    Missing,
    #[error("there is no permission to read it")]
    Forbidden,
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("it is not a regular file")]
    NotAFile,
    #[error("the file is empty")]
    Empty,
    #[error("the file has more than {limit} bytes, the most that is read")]
    TooLarge { limit: u64 },
    #[error("the folders are nested more than {limit} deep")]
    TooDeep { limit: usize },
    #[error("there are more than {limit} files; those from here on are not judged")]
    TooMany { limit: usize },
    #[error("it is neither a PDF nor a signature: files of this kind cannot be judged")]
    UnknownKind,
    #[error("it mentions PDF near its beginning, and cannot be read as one")]
    MentionsPdf,
    #[error("the XML file holds no signature")]
    UnsignedXml,
    #[error("the XML cannot be judged: {0}")]
    Xml(String),
    #[error("the signature container (ASiC) cannot be judged: {0}")]
    Container(String),
    #[error("the signatures inside office documents (docx, xlsx, odt) are not judged")]
    OfficeDocument,
    #[error("the armour of the signature is damaged")]
    Armour,
    #[error("the content that the signature signs is not at hand: {}", looked_for.display())]
    ContentMissing { looked_for: PathBuf },
    #[error("the content that the signature signs cannot be had: {0}")]
    Content(Box<Self>),
    #[error("a content was named, and the file is no detached signature")]
    NotDetached,
    #[error("the verifier failed on this file")]
    Internal,
}

impl Refusal {
    pub(crate) fn unreadable(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Forbidden,
            _ => Self::Unreadable(error.to_string()),
        }
    }

    /// The sentence for a reader.
    pub(crate) fn told(&self, language: Language) -> String {
        if language == Language::En {
            return self.to_string();
        }
        match self {
            Self::Missing => "không có tệp này".to_owned(),
            Self::Forbidden => "không có quyền đọc tệp này".to_owned(),
            Self::Unreadable(error) => format!("không đọc được tệp: {error}"),
            Self::NotAFile => "đây không phải là tệp thông thường".to_owned(),
            Self::Empty => "tệp rỗng".to_owned(),
            Self::TooLarge { limit } => format!("tệp lớn hơn {limit} byte, mức tối đa được đọc"),
            Self::TooDeep { limit } => format!("các thư mục lồng nhau quá {limit} cấp"),
            Self::TooMany { limit } => format!("có hơn {limit} tệp; từ tệp này trở đi không được kiểm tra"),
            Self::UnknownKind => "tệp không phải là PDF và cũng không phải là chữ ký số: không kiểm tra được loại tệp này".to_owned(),
            Self::MentionsPdf => "tệp có nhắc đến PDF ở phần đầu nhưng không đọc được như một PDF".to_owned(),
            Self::UnsignedXml => "tệp XML không có chữ ký".to_owned(),
            Self::Xml(why) => format!("không kiểm tra được tệp XML này: {}", translated(why, language)),
            Self::Container(why) => format!("không kiểm tra được gói chữ ký ASiC này: {}", translated(why, language)),
            Self::OfficeDocument => "chưa kiểm tra được chữ ký nằm trong văn bản Office (docx, xlsx, odt)".to_owned(),
            Self::Armour => "phần mã hóa văn bản (PEM) của chữ ký bị hỏng".to_owned(),
            Self::ContentMissing { looked_for } => format!("không tìm thấy nội dung được ký: {}", looked_for.display()),
            Self::Content(inner) => format!("không lấy được nội dung được ký: {}", inner.told(language)),
            Self::NotDetached => "đã chỉ định tệp nội dung nhưng tệp này không phải là chữ ký tách rời".to_owned(),
            Self::Internal => "trình kiểm tra gặp lỗi với tệp này".to_owned(),
        }
    }
}

/// Sentences of the `signature` crate, with `{}` for what varies, and the same in Vietnamese, its holes in the same order.
const SENTENCES: &[(&str, &str)] = &[
    ("limit: {}: {}", "vượt giới hạn xử lý ({}), chưa kết luận được: {}"),
    ("{} bytes follow that change nothing", "có {} byte nằm sau mà không thay đổi gì"),
    (
        "the signature has /{} more than once with different values: readers differ",
        "chữ ký có mục /{} lặp lại với giá trị khác nhau: mỗi trình đọc hiểu một cách",
    ),
    (
        "a {} has /{} more than once with different values: readers differ",
        "thành phần {} có mục /{} lặp lại với giá trị khác nhau: mỗi trình đọc hiểu một cách",
    ),
    ("the signed attributes do not stand in the order of DER", "các thuộc tính được ký không xếp theo thứ tự của DER"),
    (
        "the signed reference to the certificate names another issuer or serial number than the certificate",
        "tham chiếu đã ký tới chứng thư ghi đơn vị cấp hoặc số hiệu khác với chứng thư",
    ),
    ("the signer's digest algorithm is not among those announced", "thuật toán băm của người ký không nằm trong danh sách đã khai báo"),
    (
        "the version of the SignerInfo is not the one that belongs to its content",
        "số phiên bản của phần người ký không đúng với nội dung của nó",
    ),
    ("the version of the CMS is not the one that belongs to its content", "số phiên bản của chữ ký không đúng với nội dung của nó"),
    (
        "the signature spells its certificate's issuer in another way than the certificate",
        "chữ ký ghi tên đơn vị cấp chứng thư theo cách khác với chứng thư",
    ),
    (
        "the extended key usage of the time-stamp certificate is not critical",
        "mục đích sử dụng của chứng thư cấp dấu thời gian không được đánh dấu bắt buộc",
    ),
    ("the file has no PDF header", "tệp không có phần đầu của PDF"),
    ("the structure of the file is unreadable: {}", "không đọc được cấu trúc của tệp: {}"),
    (
        "{} bytes stand in front of the PDF header: they are not part of the document",
        "có {} byte đứng trước phần đầu của PDF, không thuộc văn bản",
    ),
    ("what the document says cannot be read: {}", "không đọc được nội dung văn bản: {}"),
    ("what was signed cannot be read: {}", "không đọc được nội dung đã ký: {}"),
    ("it is encrypted and opens with a password only", "tệp được mã hóa và chỉ mở được bằng mật khẩu"),
    ("it is encrypted for the holders of certain keys (public-key security handler)", "tệp được mã hóa cho những người giữ khóa nhất định"),
    ("the signature is not encrypted as its document demands", "chữ ký không được mã hóa đúng như văn bản quy định"),
    ("the signature was signed in turn by {} ({}): {}", "chữ ký này được {} ký xác nhận ({}): {}"),
    ("{} is an archive time stamp that proves nothing: {}", "{} là dấu thời gian lưu trữ không chứng minh được gì: {}"),
    ("the CMS does not enclose what it signs", "tệp chữ ký không chứa nội dung được ký"),
    ("the CMS is a time stamp, and no signature of somebody", "đây là dấu thời gian, không phải chữ ký của ai"),
    ("an archive time stamp proves that the signature existed at {}", "dấu thời gian lưu trữ chứng minh chữ ký đã có vào {}"),
    ("an archive time stamp proves nothing: {}", "dấu thời gian lưu trữ không chứng minh được gì: {}"),
    ("the time stamp over the content proves nothing: {}", "dấu thời gian trên nội dung không chứng minh được gì: {}"),
    ("a time stamp proves that the content existed at {}", "dấu thời gian chứng minh nội dung đã có vào {}"),
    (
        "the content was stamped at {}, after the signature, which existed at {}",
        "nội dung được đóng dấu thời gian vào {}, sau chữ ký vốn đã có vào {}",
    ),
    ("{} states {}, and a time stamp over it {}", "{} ghi {}, còn dấu thời gian bao phủ nó ghi {}"),
    ("archive time stamp: {}", "dấu thời gian lưu trữ: {}"),
    ("an archive time stamp", "dấu thời gian lưu trữ"),
    ("the time stamp", "dấu thời gian"),
    ("the document time stamp", "dấu thời gian của văn bản"),
    ("an evidence record", "bản ghi bằng chứng"),
    ("complete certificate references", "tham chiếu tới chứng thư"),
    ("complete revocation references", "tham chiếu tới dữ liệu thu hồi"),
    ("the signature carries {}, which is not looked at", "chữ ký kèm theo {}, phần này không được xem xét"),
    (
        "the time-stamp certificate has expired since, and a later time stamp proves the token older",
        "chứng thư của dấu thời gian nay đã hết hạn, nhưng có dấu thời gian sau chứng minh dấu này có từ trước",
    ),
    ("several form fields show one and the same signature", "nhiều ô chữ ký cùng hiển thị một chữ ký"),
    ("a signature field points to a signature that is not there", "một ô chữ ký trỏ tới chữ ký không tồn tại"),
    (
        "the file holds remains of signatures: it was rewritten after signing",
        "tệp còn dấu vết của chữ ký: tệp đã bị ghi lại sau khi ký (ví dụ do đóng dấu công văn đến)",
    ),
    ("the document bears a time stamp and nobody's signature", "văn bản chỉ có dấu thời gian, không có chữ ký của ai"),
    ("the signatures do not cover the whole document", "các chữ ký không bao phủ toàn bộ văn bản"),
    ("{} bytes stand in front of the document", "có {} byte đứng trước văn bản"),
    ("{} bytes follow that belong to no revision", "có {} byte nằm sau mà không thuộc lần cập nhật nào"),
    ("the signed revision cannot be read by itself: {}", "không đọc riêng được phần đã ký: {}"),
    ("a page's /{} was written anew with other decimals", "khung trang /{} được ghi lại với số lẻ khác"),
    ("a page's /{} was changed", "nội dung trang (/{}) đã bị thay đổi"),
    ("a signature was shown on a page", "hình chữ ký được thêm vào trang sau khi có chữ ký xác thực"),
    ("an annotation was added to a page", "có chú thích được thêm vào trang"),
    ("a form field was removed", "một ô biểu mẫu đã bị xóa"),
    ("the catalogue's /{} was changed", "danh mục văn bản (/{}) đã bị thay đổi"),
    ("the trailer's /{} was changed", "phần cuối tệp (/{}) đã bị thay đổi"),
    ("the document has {} more signatures than are judged", "văn bản còn {} chữ ký nữa không được kiểm tra"),
    ("{} bytes follow what this signature covers", "có {} byte nằm sau phần mà chữ ký này bao phủ"),
    ("{} bytes follow the CMS", "có {} byte thừa sau chữ ký"),
    ("the CMS encloses its content", "chữ ký chứa sẵn nội dung"),
    ("the CMS encloses other content than the one presented", "chữ ký chứa nội dung khác với nội dung được đưa ra"),
    ("no signature over this content is intact", "không có chữ ký nào còn nguyên vẹn đối với nội dung này"),
    ("the CMS is unreadable: {}", "không đọc được chữ ký: {}"),
    ("the CMS has no signer", "chữ ký không có người ký"),
    ("signatures of the kind {} are not supported", "chưa hỗ trợ loại chữ ký {}"),
    (
        "no certificate chain to a trust anchor was found (issuer {})",
        "không tìm được đường dẫn từ chứng thư tới gốc tin cậy (đơn vị cấp {})",
    ),
    ("the certificate {} is valid from {} to {}, and not at {}", "chứng thư {} có hiệu lực từ {} đến {}, không có hiệu lực lúc {}"),
    ("the trust anchor was not trusted at {}", "gốc tin cậy không được tin cậy lúc {}"),
    ("no revocation data for {} is at hand", "không có dữ liệu thu hồi (CRL) cho {}"),
    ("the revocation list for {} is too old or too new to use", "danh sách thu hồi cho {} quá cũ hoặc quá mới, không dùng được"),
    ("the certificate {} was revoked after the signature, at {}", "chứng thư {} bị thu hồi sau khi ký, lúc {}"),
    (
        "the certificate {} was revoked at {} ({}), before the claimed signing time",
        "chứng thư {} bị thu hồi lúc {} ({}), trước thời điểm ký tự khai",
    ),
    ("the certificate {} was revoked at {} ({})", "chứng thư {} bị thu hồi lúc {} ({})"),
    (
        "the signature existed at {}, before its certificate became valid at {}",
        "chữ ký đã có lúc {}, trước khi chứng thư có hiệu lực lúc {}",
    ),
    ("{}, which counted as sound until {}: it is proved to be older", "{}, được coi là an toàn đến {}: đã chứng minh được là có trước đó"),
    ("{}, which counted as sound until {}; accepted by configuration", "{}, được coi là an toàn đến {}; được chấp nhận theo cấu hình"),
    ("{}, which counted as sound until {}", "{}, chỉ được coi là an toàn đến {}"),
    ("{}; accepted by configuration", "{}; được chấp nhận theo cấu hình"),
    ("the signature rests on {}", "chữ ký dựa trên hàm băm {} đã yếu"),
    ("the document's digest is SHA-1", "hàm băm của văn bản là SHA-1 đã yếu"),
    ("the manifest rests on SHA-1", "danh mục tệp được ký dựa trên hàm băm SHA-1 đã yếu"),
    ("the signer's key is {}", "khóa của người ký thuộc loại {}"),
    ("the key of the certificate {} is {}", "khóa của chứng thư {} thuộc loại {}"),
    (
        "the certificate {} is signed with the algorithm {}, which is not supported",
        "chứng thư {} được ký bằng thuật toán {} chưa được hỗ trợ",
    ),
    ("the certificate {} is signed with {}", "chứng thư {} được ký bằng {} đã yếu"),
    (
        "the digest of the content is not the signed one: the content was changed",
        "giá trị băm của nội dung khác với giá trị đã ký: nội dung đã bị thay đổi",
    ),
    ("the enclosed digest is not that of the document", "giá trị băm trong chữ ký không phải của văn bản này"),
    ("the signature value does not fit the key", "giá trị chữ ký không khớp với khóa của chứng thư"),
    ("the signing certificate is not in the signature", "chữ ký không kèm chứng thư của người ký"),
    ("the signature was made for another certificate than the one it carries", "chữ ký được tạo cho chứng thư khác với chứng thư kèm theo"),
    ("the signature has no signed attributes", "chữ ký không có thuộc tính được ký"),
    ("the signing-certificate attribute, which CAdES demands, is missing", "thiếu thuộc tính chứng thư người ký mà CAdES đòi hỏi"),
    ("the key usage of the signing certificate does not allow signatures", "mục đích sử dụng khóa của chứng thư không cho phép ký"),
    (
        "the extended key usage of the signing certificate excludes document signatures",
        "mục đích sử dụng mở rộng của chứng thư không cho phép ký văn bản",
    ),
    ("the time stamp proves nothing: {}", "dấu thời gian không chứng minh được gì: {}"),
    ("the time stamp was made for something else", "dấu thời gian được cấp cho nội dung khác"),
    ("the time stamp lies in the future: {}", "dấu thời gian ở tương lai: {}"),
    ("the time stamp is signed with {}", "dấu thời gian được ký bằng {}"),
    ("the time-stamp imprint is a {} digest", "dấu thời gian dùng giá trị băm {}"),
    ("the time-stamp certificate has expired since", "chứng thư dấu thời gian nay đã hết hạn"),
    ("the time-stamp certificate is revoked ({})", "chứng thư dấu thời gian đã bị thu hồi ({})"),
    ("the time-stamp certificate was revoked later, at {}", "chứng thư dấu thời gian bị thu hồi về sau, lúc {}"),
    (
        "the time-stamp policy {} is nobody's: the authority's certificate alone tells whose the stamp is",
        "dấu thời gian nêu chính sách {} không thuộc về ai: chỉ chứng thư cho biết dấu là của đơn vị nào",
    ),
    (
        "the signing time in the signature is Vietnam time labelled UTC, 7 hours ahead",
        "giờ ký trong chữ ký là giờ Việt Nam nhưng ghi nhầm là UTC, nhanh hơn 7 tiếng",
    ),
    (
        "the time stamp is {} later than the claimed signing time: the proved time counts",
        "dấu thời gian muộn hơn giờ ký tự khai {}: giờ của dấu thời gian được dùng",
    ),
    (
        "the claimed signing time is {} later than the time stamp: the signer's clock was wrong",
        "giờ ký tự khai muộn hơn dấu thời gian {}: đồng hồ máy người ký bị sai",
    ),
    ("the claimed signing time lies in the future: {}", "giờ ký tự khai nằm ở tương lai: {}"),
    (
        "by its own claim the signature was made {} after its certificate expired at {}",
        "theo giờ ký tự khai, chữ ký được tạo {} sau khi chứng thư hết hạn lúc {}",
    ),
    (
        "the signature value leaves out the NULL parameters of its digest, as RFC 4055 lets it",
        "giá trị chữ ký bỏ phần tham số NULL của hàm băm, điều mà RFC 4055 cho phép",
    ),
    (
        "the certificate's key made the signature value, but over something else: what it signed was changed",
        "khóa của chứng thư đã tạo giá trị chữ ký nhưng cho nội dung khác: phần được ký đã bị thay đổi",
    ),
    (
        "another key than the certificate's made the signature value, or the value is damaged",
        "giá trị chữ ký do một khóa khác tạo ra, không phải khóa của chứng thư kèm theo, hoặc đã bị hỏng",
    ),
    (
        "the signed digest is damaged: the signing program passed it through text, and the content is what it was",
        "phần mềm ký đã làm hỏng giá trị băm khi ký (chuyển qua dạng văn bản): nội dung không bị đổi nhưng chữ ký không có giá trị, cần ký lại",
    ),
    ("the CMS is BER with indefinite lengths, which is lawful", "chữ ký được mã hóa BER với độ dài không xác định, điều này hợp lệ"),
    ("the CMS carries a certificate more than once", "chữ ký kèm một chứng thư nhiều lần, điều này không ảnh hưởng"),
    (
        "the incoming-stamp tool {} rewrote the file: the signed original has to be kept, and only a copy stamped",
        "công cụ đóng dấu đến {} đã ghi lại tệp làm mất chữ ký: phải giữ bản gốc có chữ ký và chỉ đóng dấu đến trên bản sao",
    ),
    ("the program {} wrote the file as it is", "phần mềm {} đã ghi tệp ở dạng hiện tại"),
    ("unknown revocation accepted: {}", "chấp nhận việc chưa rõ tình trạng thu hồi: {}"),
    ("time stamp: {}", "dấu thời gian: {}"),
];

/// What nothing more particular fits.
const UNSUPPORTED: (&str, &str) = ("{} is not supported", "chưa hỗ trợ {}");

/// Longer ones stay English: names from outside stand in them, and each joint in a name is a step deeper.
const MAX_TRANSLATED: usize = 2048;

/// The sentence in `language`; in English where there is no other.
pub(crate) fn translated(sentence: &str, language: Language) -> String {
    if language == Language::En || sentence.len() > MAX_TRANSLATED {
        return sentence.to_owned();
    }
    if let Some(local) = moment::of_reason(sentence).and_then(moment::in_vietnam) {
        return local;
    }
    if let Some(local) = moment::of_day(sentence) {
        return local;
    }
    let told = |(english, vietnamese): &(&str, &str)| Some(filled(vietnamese, &holes(sentence, english)?));
    let known = [SENTENCES, RARER, FORMS].into_iter().flatten().find_map(told);
    known.or_else(|| in_parts(sentence, language)).or_else(|| FRAMES.iter().find_map(told)).unwrap_or_else(|| sentence.to_owned())
}

/// Several sentences about one time stamp, a thing that sentences speak of, or a sentence about a file of a container or a
/// layer of a message, which is named in front.
fn in_parts(sentence: &str, language: Language) -> Option<String> {
    if let Some((first, rest)) = sentence.split_once("; ") {
        return Some(format!("{}; {}", translated(first, language), translated(rest, language)));
    }
    let told = |(english, vietnamese): &(&str, &str)| Some(filled(vietnamese, &holes(sentence, english)?));
    if let Some(thing) = told(&UNSUPPORTED).or_else(|| THINGS.iter().find_map(told)) {
        return Some(thing);
    }
    let (whose, rest) = sentence.split_once(": ")?;
    let local = translated(rest, language);
    let whose = whose.strip_prefix("level ").map_or_else(|| whose.to_owned(), |level| format!("lớp {level}"));
    (local != rest).then(|| format!("{whose}: {local}"))
}

/// What stands in `sentence` where `pattern` has `{}`; what is a sentence or a time itself is translated with it.
fn holes(sentence: &str, pattern: &str) -> Option<Vec<String>> {
    let mut parts = pattern.split("{}");
    let mut rest = sentence.strip_prefix(parts.next()?)?;
    let mut parts = parts.peekable();
    let mut found = Vec::new();
    while let Some(part) = parts.next() {
        // The last part ends the sentence, so that a hole may hold anything.
        let end = if parts.peek().is_none() { rest.strip_suffix(part)?.len() } else { rest.find(part)? };
        found.push(translated(rest.get(..end)?, Language::Vi));
        rest = rest.get(end + part.len()..)?;
    }
    rest.is_empty().then_some(found)
}

fn filled(pattern: &str, values: &[String]) -> String {
    let mut values = values.iter();
    let mut out = String::new();
    for (index, part) in pattern.split("{}").enumerate() {
        if index > 0 {
            out.extend(values.next().map(String::as_str));
        }
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_translated_with_what_varies_in_them() {
        for (english, vietnamese) in [
            ("the signature value does not fit the key", "giá trị chữ ký không khớp với khóa của chứng thư"),
            (
                "the certificate \"Sở A\" is valid from 2024-01-01 00:00:00 UTC to 2025-01-01 00:00:00 UTC, and not at 2026-01-01 00:00:00 UTC",
                "chứng thư \"Sở A\" có hiệu lực từ 01/01/2024 07:00:00 đến 01/01/2025 07:00:00, không có hiệu lực lúc 01/01/2026 07:00:00",
            ),
            ("time stamp: no revocation data for \"TSA\" is at hand", "dấu thời gian: không có dữ liệu thu hồi (CRL) cho \"TSA\""),
            (
                "the signature rests on SHA-1, which counted as sound until 2012-08-01",
                "chữ ký dựa trên hàm băm SHA-1 đã yếu, chỉ được coi là an toàn đến 01/08/2012",
            ),
            (
                "time stamp: the time stamp is signed with SHA-1, which counted as sound until 2012-08-01; accepted by configuration",
                "dấu thời gian: dấu thời gian được ký bằng SHA-1, được coi là an toàn đến 01/08/2012; được chấp nhận theo cấu hình",
            ),
            (
                "the time stamp proves nothing: the time-stamp token is unreadable: an ASN.1 value is malformed; digest algorithm MD5 is not supported",
                "dấu thời gian không chứng minh được gì: không đọc được dấu thời gian: một giá trị ASN.1 sai dạng; chưa hỗ trợ thuật toán băm MD5",
            ),
            ("a sentence that nobody knows", "a sentence that nobody knows"),
            ("", ""),
        ] {
            assert_eq!(translated(english, Language::Vi), vietnamese);
            assert_eq!(translated(english, Language::En), english);
        }
    }

    #[test]
    fn a_file_that_may_not_be_read_is_told_from_a_missing_one() {
        for (kind, expected) in [
            (io::ErrorKind::PermissionDenied, "không có quyền đọc tệp này"),
            (io::ErrorKind::NotFound, "không có tệp này"),
            (io::ErrorKind::TimedOut, "không đọc được tệp: timed out"),
        ] {
            assert_eq!(Refusal::unreadable(&io::Error::from(kind)).told(Language::Vi), expected);
        }
    }

    #[test]
    fn every_sentence_about_a_real_document_is_translated() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/real-documents/pdf");
        let Ok(files) = std::fs::read_dir(&folder) else {
            println!("skipped: 1 folder (real-documents) is not present");
            return;
        };
        // 2026-11-27 00:00:00 UTC.
        let (trust, options) = (signature::TrustStore::new(), signature::Options::at(1_795_737_600));
        let mut told = 0;
        for file in files {
            let report = signature::verify_pdf(&std::fs::read(file.unwrap().path()).unwrap(), &trust, &options);
            let changes = report.later_changes.iter().map(|change| &change.what);
            let reasons = report.signatures.iter().flat_map(|one| &one.reasons);
            for sentence in report.faults.iter().chain(changes).chain(reasons) {
                assert_ne!(&translated(sentence, Language::Vi), sentence);
                told += 1;
            }
        }
        assert!(told > 100, "{told}");
    }

    #[test]
    fn every_translation_has_as_many_holes_as_its_sentence() {
        for (english, vietnamese) in [SENTENCES, RARER, FORMS, FRAMES, THINGS].into_iter().flatten() {
            assert_eq!(english.matches("{}").count(), vietnamese.matches("{}").count(), "{english}");
            assert_ne!(english, vietnamese);
        }
    }

    #[test]
    fn sentences_about_a_part_of_a_file_are_translated_behind_its_name() {
        for (english, vietnamese) in [
            ("META-INF/a.p7s: the CMS has no signer", "META-INF/a.p7s: chữ ký không có người ký"),
            ("level 2: no signature over this content is intact", "lớp 2: không có chữ ký nào còn nguyên vẹn đối với nội dung này"),
            (
                "limit: levels: the file is not XML that can be judged: more than 256 levels at byte 769",
                "vượt giới hạn xử lý (cấp), chưa kết luận được: tệp không phải là XML kiểm tra được: nhiều hơn 256 cấp tại byte 769",
            ),
            (
                "the file is not XML that can be judged: > was expected at byte 12",
                "tệp không phải là XML kiểm tra được: chỗ này phải là > tại byte 12",
            ),
            (
                "the signature was signed in turn by somebody unknown (TOTAL_FAILED): the CMS is unreadable: an ASN.1 value is malformed",
                "chữ ký này được người không xác định được ký xác nhận (TOTAL_FAILED): không đọc được chữ ký: một giá trị ASN.1 sai dạng",
            ),
            (
                "the time stamp is 2 d 15 h later than the claimed signing time: the proved time counts",
                "dấu thời gian muộn hơn giờ ký tự khai 2 ngày 15 giờ: giờ của dấu thời gian được dùng",
            ),
            ("a b: c d", "a b: c d"),
        ] {
            assert_eq!(translated(english, Language::Vi), vietnamese);
        }
    }

    #[test]
    fn a_name_full_of_joints_is_not_followed_down() {
        for joint in ["; ", ": ", "time stamp: ", "a: ", " at byte ", " is unreadable: ", " was expected"] {
            for length in [MAX_TRANSLATED, 1 << 20] {
                let name = joint.repeat(length / joint.len());
                let sentence = format!("the certificate {name:?} was revoked at {name} ({name})");
                assert!(translated(&sentence, Language::Vi).len() >= length);
                assert!(translated(&name, Language::Vi).len() >= length / 2);
            }
        }
    }
}
