//! Joining `xml:base` values for Canonical XML 1.1 (2.4): RFC 3986, 5.2, changed so that relative stays relative.

/// What `reference` means below an element whose base is `base`; both may be relative.
pub(crate) fn join(base: &str, reference: &str) -> String {
    let (base, reference) = (Parts::of(base), Parts::of(reference));
    let (scheme, authority, path, query) = if reference.scheme.is_some() {
        (reference.scheme, reference.authority, without_dots(reference.path), reference.query)
    } else if reference.authority.is_some() {
        (base.scheme, reference.authority, without_dots(reference.path), reference.query)
    } else if reference.path.is_empty() {
        (base.scheme, base.authority, without_dots(base.path), reference.query.or(base.query))
    } else if reference.path.starts_with('/') {
        (base.scheme, base.authority, without_dots(reference.path), reference.query)
    } else {
        (base.scheme, base.authority, without_dots(&merged(&base, reference.path)), reference.query)
    };
    let part = |before: &str, part: Option<&str>| part.map(|part| format!("{before}{part}")).unwrap_or_default();
    let scheme = scheme.map(|scheme| format!("{scheme}:")).unwrap_or_default();
    [scheme, part("//", authority), path, part("?", query), part("#", reference.fragment)].concat()
}

/// RFC 3986, appendix B.
struct Parts<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(uri: &'a str) -> Self {
        let split = |text: &'a str, at: char| text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)));
        let (rest, fragment) = split(uri, '#');
        let (rest, query) = split(rest, '?');
        let (scheme, rest) = match rest.split_once(':') {
            Some((scheme, after)) if is_scheme(scheme) => (Some(scheme), after),
            _ => (None, rest),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(after) => {
                let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
                (Some(authority), path)
            }
            None => (None, rest),
        };
        Self { scheme, authority, path, query, fragment }
    }
}

/// RFC 3986, 3.1.
pub(crate) fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn merged(base: &Parts<'_>, path: &str) -> String {
    let is_folder = base.path == ".." || base.path.ends_with("/..");
    let folder = if is_folder { base.path.len() } else { base.path.rfind('/').map_or(0, |at| at + 1) };
    let folder = base.path.get(..folder).unwrap_or_default();
    let slash = if is_folder || (folder.is_empty() && base.authority.is_some()) { "/" } else { "" };
    format!("{folder}{slash}{path}")
}

/// Leading `..` of a relative path stay; several slashes become one.
fn without_dots(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_in_slash = false;
    for segment in path.split('/') {
        ends_in_slash = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => match kept.last() {
                Some(&last) if last != ".." => {
                    kept.pop();
                }
                _ if is_absolute => {}
                _ => kept.push(".."),
            },
            segment => kept.push(segment),
        }
    }
    let slash = |is_there: bool| if is_there { "/" } else { "" };
    format!("{}{}{}", slash(is_absolute), kept.join("/"), slash(ends_in_slash && !kept.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_values_join_to_relative_ones() {
        // The first three are the examples of Canonical XML 1.1, 2.4.
        for (base, reference, expected) in [
            ("abc/", "../", ""),
            ("../", "..", "../../"),
            ("..", "..", "../../"),
            ("a/b", "c", "a/c"),
            ("a/b/", "./c", "a/b/c"),
            ("a", "../../b", "../../b"),
            ("a/", "../../b", "../b"),
            ("a//b/", "c", "a/b/c"),
            ("", "a", "a"),
            ("a/b", "", "a/b"),
        ] {
            assert_eq!(join(base, reference), expected, "{base} {reference}");
        }
    }

    #[test]
    fn absolute_values_join_as_in_rfc_3986() {
        // RFC 3986, 5.4.1, but for the fragment of the base.
        let base = "http://a/b/c/d;p?q";
        for (reference, expected) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y#s", "http://a/b/c/g?y#s"),
            ("..", "http://a/b/"),
            ("../..", "http://a/"),
            ("../../../g", "http://a/g"),
            ("g:h", "g:h"),
        ] {
            assert_eq!(join(base, reference), expected, "{reference}");
        }
        assert_eq!(join("http://a", "g"), "http://a/g");
    }
}
