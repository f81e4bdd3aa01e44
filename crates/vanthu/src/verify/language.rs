//! Vietnamese and English: the sentences of the command itself.

use std::io;

use clap::ValueEnum;

use crate::verify::reason::translated;
use crate::verify::trust::LeftOut;

/// The language of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    Vi,
    En,
}

impl Language {
    /// By the first variable that is set, as POSIX orders them. Vietnamese officials are the readers unless it says English.
    pub(crate) fn of_environment() -> Self {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        Self::of_locale(&names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty())).unwrap_or_default())
    }

    fn of_locale(locale: &str) -> Self {
        if locale == "en" || locale.starts_with("en_") || locale.starts_with("en.") { Self::En } else { Self::Vi }
    }

    /// One of two fixed texts.
    pub(crate) fn choose(self, vietnamese: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::Vi => vietnamese,
            Self::En => english,
        }
    }

    pub(crate) fn content_needs_one_file(self) -> &'static str {
        self.choose("--content chỉ dùng với đúng một tệp chữ ký", "--content goes with exactly one signature file")
    }

    pub(crate) fn nobody_is_trusted(self) -> &'static str {
        self.choose(
            "không có chứng thư gốc tin cậy nào (--trust), nên không chữ ký nào có thể được kết luận là hợp lệ",
            "no trust anchor was given (--trust), so that no signature can pass",
        )
    }

    pub(crate) fn trust_folder_unreadable(self, folder: &str, error: &io::Error) -> String {
        match self {
            Self::Vi => format!("không đọc được thư mục tin cậy {folder}: {error}"),
            Self::En => format!("cannot read the trust folder {folder}: {error}"),
        }
    }

    pub(crate) fn trust_left_out(self, file: &str, why: &str) -> String {
        match self {
            Self::Vi => format!("bỏ qua {file}: {why}"),
            Self::En => format!("left out {file}: {why}"),
        }
    }

    pub(crate) fn why_left_out(self, why: &LeftOut) -> String {
        match why {
            LeftOut::Unreadable(error) => format!("{}: {error}", self.choose("không đọc được", "it cannot be read")),
            LeftOut::Neither(error) => {
                let neither =
                    self.choose("không phải chứng thư, cũng không phải CRL dùng được", "neither a certificate nor a CRL that can be used");
                format!("{neither} ({})", translated(error, self))
            }
            LeftOut::TooLarge => self.choose("tệp quá lớn", "it is too large").to_owned(),
            LeftOut::NothingInIt => {
                self.choose("không có chứng thư hay danh sách thu hồi", "no certificate and no CRL is in it").to_owned()
            }
            LeftOut::NotAnAuthority => {
                self.choose("chứng thư không phải của cơ quan chứng thực", "the certificate is not that of an authority").to_owned()
            }
            LeftOut::NotSelfSigned => {
                self.choose(
                    "chứng thư tự nhận là gốc nhưng chữ ký không khớp",
                    "it names itself as issuer, and its own key did not sign it",
                )
            }
            .to_owned(),
            LeftOut::Refused(error) => translated(&error.to_string(), self),
        }
    }

    pub(crate) fn nothing_to_judge(self, named: &str) -> String {
        let named = crate::verify::text::printable(named);
        match self {
            Self::Vi => format!("{named}: không có tệp nào để kiểm tra"),
            Self::En => format!("{named}: there is nothing to judge in it"),
        }
    }

    pub(crate) fn cannot_write(self, error: &io::Error) -> String {
        format!("{}: {error}", self.choose("không ghi được kết quả", "cannot write the report"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_english_locale_is_english() {
        for english in ["en", "en_US.UTF-8", "en_GB", "en.UTF-8"] {
            assert_eq!(Language::of_locale(english), Language::En, "{english}");
        }
        for other in ["", "C", "C.UTF-8", "POSIX", "vi_VN.UTF-8", "fr_FR", "enm_GB"] {
            assert_eq!(Language::of_locale(other), Language::Vi, "{other}");
        }
    }
}
