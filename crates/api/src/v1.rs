//! The generated messages, servers and clients of package `vanthu.v1`.

pub use generated::*;

#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    elided_lifetimes_in_paths,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::or_fun_call,
    clippy::use_self,
    rustdoc::all,
    reason = "generated code"
)]
mod generated {
    tonic::include_proto!("vanthu.v1");
}

/// The descriptors of all files of the package and of what they import, with comments, for server reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/vanthu.binpb"));

/// The descriptors of the google.rpc error details, for server reflection.
pub const ERROR_DETAILS_DESCRIPTOR_SET: &[u8] = tonic_types::pb::FILE_DESCRIPTOR_SET;

#[cfg(test)]
mod tests {
    use prost::Message;
    use prost_types::{FileDescriptorProto, FileDescriptorSet};

    use super::*;

    fn files() -> Vec<FileDescriptorProto> {
        let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("descriptors");
        set.file.into_iter().filter(|file| file.package() == "vanthu.v1").collect()
    }

    /// The comment before the thing at a path of `google/protobuf/descriptor.proto` (SourceCodeInfo.Location.path).
    fn comment(file: &FileDescriptorProto, path: &[i32]) -> String {
        let locations = file.source_code_info.iter().flat_map(|info| &info.location);
        locations.filter(|location| location.path == path).map(|location| location.leading_comments().trim()).collect()
    }

    #[test]
    fn every_method_says_who_may_call_it() {
        let mut services = Vec::new();
        for file in files() {
            for (i, service) in (0..).zip(&file.service) {
                services.push(service.name().to_owned());
                for (j, method) in (0..).zip(&service.method) {
                    let comment = comment(&file, &[6, i, 2, j]);
                    assert!(comment.contains("Callers: ") && comment.ends_with('.'), "{}: {comment}", method.name());
                }
            }
        }
        services.sort();
        let expected = [
            "AgencyService",
            "AxisService",
            "DeliveryService",
            "DocumentService",
            "PayloadService",
            "PrincipalService",
            "RoutingService",
            "SignatureService",
            "TrustService",
        ];
        assert_eq!(services, expected);
    }

    #[test]
    fn every_message_field_and_value_is_explained() {
        let mut bare = Vec::new();
        let mut explained = 0;
        let mut look = |file: &FileDescriptorProto, path: &[i32], name: &str| {
            if comment(file, path).is_empty() { bare.push(name.to_owned()) } else { explained += 1 }
        };
        for file in files() {
            for (i, message) in (0..).zip(&file.message_type) {
                look(&file, &[4, i], message.name());
                (0..).zip(&message.field).for_each(|(j, field)| look(&file, &[4, i, 2, j], field.name()));
            }
            for (i, values) in (0..).zip(&file.enum_type) {
                look(&file, &[5, i], values.name());
                (0..).zip(&values.value).for_each(|(j, value)| look(&file, &[5, i, 2, j], value.name()));
            }
        }
        assert_eq!(bare, Vec::<String>::new());
        assert!(explained > 300, "{explained}");
    }

    #[test]
    fn the_descriptors_of_the_error_details_are_at_hand() {
        let set = FileDescriptorSet::decode(ERROR_DETAILS_DESCRIPTOR_SET).expect("descriptors");
        let messages: Vec<_> = set.file.iter().flat_map(|file| &file.message_type).map(|message| message.name().to_owned()).collect();
        for name in ["ErrorInfo", "BadRequest", "ResourceInfo", "RetryInfo", "PreconditionFailure", "QuotaFailure"] {
            assert!(messages.iter().any(|message| message == name), "{name}");
        }
    }
}
