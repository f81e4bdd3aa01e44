//! Known answers of `openssl` 3.0 for what is computed here and not by `ring`: keys and values over [`MESSAGE`].

use proptest::prelude::*;

use crate::algorithm::{CryptoFault, Digest, PublicKey, Scheme};
use crate::asn1::{Element, SEQUENCE};
use crate::oid;
use crate::rsa::{Fit, Pss};
use crate::weakness::Algorithm;

const MESSAGE: &[u8] = b"Quyet dinh so 1";

/// RSAPublicKeys.
const RSA_1024: &str = "30818902818100bb2ed0b920303310b961aee3419082c3923e21d3281321c6c28ff270f5dfc41d84b199f0b1c201384268eff6ffa5f3a1af646352bf98f30499f581b5fcb632ea4497b6f8a876b97ae3454b80358b193077d406b1c8fd1e18e863a3c86941e0c8fcc53afac8e7d0975b8c1714aea96ade18c8d593516cb0893abd6031dc8d82b30203010001";
const RSA_1025: &str = "3081890281810165a4495c106100b33e6db362eed6a4d0b031c4af7fc6187bdf71bab9dce808c768e447a24ec0d0443f7ce713fc8e659833a5f8e0c99bc3a8265564439871ee1f844cbc0a9a000bf698d41e06fc5d79dc0ffaf022d6459e1a390bee2435fe76b93b32b9ef2c2476e98b44c7f4985255e716a0fec4109ba29509e6e32c618fc9510203010001";
const RSA_2048: &str = "3082010a02820101009b7c5fdbb09934f44c45b250f4030185efa01b2375534e00687995b735b4658fdda99b818b47f0a83cdb46ece3485cccf339c84aab32ce0e4d8aba2c031746e9b10b7eac7f5f6671d0581b95c88fe1d5d97e1c95cb7b6a13f77a7de73d99c4c44a74e6d8c588af5b02503c611ec73524d27fbfea80c68adc6d68c4eb7f69e954db1eb7978bd3b2d8da3339f964596472d11395d1b4e9b3ee1013affcf5010e642eddfaac67138e1c84bbce61ce93f00b8e48c00d678c0de4b75f33d0c69557af72c8a6b30a6c04a82e26832f3b79e643c66313bde1339d023606893b67c8d9d020b20f31075005ec802f05c6edfe4fbbc1ac13912e177ccc2f79ef328a3e6f1f0203010001";

/// `pkeyutl` over a DigestInfo of SHA-256 without NULL.
const WITHOUT_NULL: &str = "56a9c523731105b7c0073fecd284c265c3a8cf66c3ca42d823b601ea3e3ea46e6ed58047e02b050176ea0df6e4162b11dc3e3b58346a198c32942e650de6c1001ec55cf4318772c9f17c5db2c97c0cc04ed8bcc70cae06a3f7a7cbf3f6bbb7c033b0715fa4aa02877678cf0960ad9b009300ffe44d4c81743337658c33e82506dcc581b723d4126d1d5b6fcdacd201b03611a70142dcbce16407aab45a9002a880e4a6e1f4b4b312a391ca7c625de4b7615404eb7bff69915b51c3ae60643da1ba9ea4dabf7714b350194d7fe4810a9c4dd9577117511e96d8fdb358d40d97f8304e48c6fc6f0f8e217e621d0e62b237edc6020f5d9266ff07be1955a874fe50";
const SHA_384_BY_1024_BITS: &str = "08e0824b67cd3f7839d101f20abb73614203226248fddcc1adbe0c5e441d7404892b088b53111ad9b4189152b135093758a131c7706366316178ebd46e61b6bf03dac7b3039e83d7dd3e0283eb063aff70f4e6503418e938cb721f39c24041fbf166a408c3ce63340ddff8203105d4e24a19bb4f51df1c2e1389474abae850e9";
/// SHA-256, salt of 20 bytes.
const PSS_SALT_20: &str = "6c4e9170b419b96527a795d97bc462e3efde92cd04a8a4cda1431dfd82a11f21cd09cf87f8ae39d53b2a82bf388d2b0105c198a9c0d852c9d70d42fbe779c8d41e0a4c2c3b3a48d4237d18b88242f9261393dba88978a87f3bdba0d478aac2e728391bad4934bbdc484f23be08f26dd764b1208ef03298ba39c3b3b7d0d536aabea27944499e7bfb4f4e1a623abc70f7074d0813e9e31974f543a9bf0b23418a691969d988ab3a73066f6931fe5d9c878c68d0cd3074beaba66ecf749a79cf2055f1b0ec05a6dc9ce6942d2c94afb9c3853a69ba58668d76b0e164ca735cd4ed627d764830995095706cf51cc861f9d0b23ac8add6fff62f9e7b0b44eaf73bd3";
/// SHA-256, no salt.
const PSS_NO_SALT: &str = "656b6a4839d315fabb00f7b09b2963dfd530ce07fedf1a42936e35c4a50e2606ef8f705b8b5d4448afb2f7fc584ad0477760d82456ba0d0de0236b3309b562d5fd29103043f92d61d52aca76d50c52c655b77e9d777bc5cb7251b25a46418c8a2a54611b355bf8f320e46b7123a8505ccf86012b415dec97cd8e662c3b01ab43";
const PSS_SHA_1: &str = "31dbeed68ae415101e0cd500fb095043444b7c8e91f0c6678c2b2184af3e2f3a1cd16e5b654a3dc950d944bba56c4ddb387ed63a2a19b0e25988e0aba9be85021a7f4266c55220dcee459bf0fa93f8ea05dffafea9e6759504ad8efcbdd19c9049bfb035abd0a9fa549a60cfd2d2a647f76da0d370f1ce74eda955e23aec6bab";
/// SHA-256, mask by SHA-1, the longest salt (94 bytes), by a modulus a bit longer than its bytes.
const PSS_MASK_SHA_1: &str = "0134cf3e194d381beca595fe52a86a9ddbf22e8105daccd967fd9ecac4287c82ecfaa4411fe9236b1bcda6d95c2510437b41b26e28d498451b65c29915e75c757d00cc2ecdd2cd27d2feff859d42369a51da0c6582ab3e50ee013683fc547af5994f7159a38428ca88213e4ddf8b5a844dff4098f2bf1d27fa3ebce828ca3a041b";

/// Digests and values.
type Values = &'static [(Digest, &'static str)];

/// SubjectPublicKeyInfo of DSA keys with p of 1024, 2048, 2048 and q of 160, 224, 256 bits; digests and values.
const DSA: [(&str, usize, Values); 3] = [
    (
        "308201b73082012b06072a8648ce3804013082011e02818100def99ee88275a4a92e23183ba872a5aee19e5fa913ac5f2798ab845f810935c0eda5533e515d3fb090da31a5e5bada770b9a0332a807bfe4def0c3644f363221afebea8cb84164a535f3e20570cd1777df142453257b68424342f0325f3a2672dbdaa26cd08b73628e88bdbbb0f9b46102ef7d756492bb8b03c25d9bc0979e95021500d55b445e429215992d8d4ac59aa19832f727d5110281803cbbb9c2a71c534fcb5a5292a6a1d1b017a5f8c95026421ae5c14f6c887e02edacb91b7871074bd4c5310a08a17d7a23ae956a7ff752d5363d18687a802e9752489912054f6e808333e559c16a29a3c9af30449e747cfb37ebc7ad5e878299b393f26a72fcb28e8393c9e86a9cf5b38f396353a575773cad43e9269cbe529b940381850002818100b303cfdcf6432fb5396a72e779e0590cfa57de9783ea2af7c9abbd01d7ba856a7540bcd86f1af7844fc8068c01e4a96b833cff8b9339d152cad5f3ed6e177375d71716f121fbae0cf87085a67ddb4811dbac17d61194fe201c745149a6ef371bbd3051168f5fbf289d5b68ca25fef8ad1111e79eaec75742c211f68011a2c241",
        1024,
        &[
            (Digest::Sha1, "302d021500c098b2fed0814ee17d2c52e4b0784b75d77432ff021460def5dfb54006d4f0cc07f86d670312a2c9632c"),
            (Digest::Sha256, "302e021500a6aca7138badc01ff458302a5e279706cfcdd163021500b9e239c242cadb4decbbee5a74c1d2af50a06f22"),
        ],
    ),
    (
        "308203423082023506072a8648ce380401308202280282010100e6d17aac481a8d38d2e3bbf904937491c694aa1b8c73e03755ced29b8493ebf15ad317b22b87a37bceede0a9170b7ab8f921af3ff8f5f03198d632522c5343d037ce6ca77e75fa2870f17c65cf3fe69750b54e6bfc8e1a74051885d2305578ec8b8e668124d90e1bd8a1adbac47011bb02ff7a613547280b3511e537145e9d5d87e2fffbbeb9aff8963924952a824262a6f0da033199f602b404753faa476cf70c72fad790981e139398bd9fca9f50674d22adaa8cd8a09baf7e8a3110f6d6176bb41463e64e1df7c5bc65d4013d86d6b261ae5f298349cb51b1615b3feaa2bf2daec3946088fd23c480bc4e7531c9f8479db42acf6ba81db0b1fcb0ba956c39021d00df161c59164f161fd7a6bc0264dd9a299a04012b4bf0e45eaec3d031028201005df7e712946eeeea9155afdac176f442c9fa074146bd7bed122511c263d7f36f1304ac3248fbae4157bc4fbe7c3273c3c74a9958ca37c50bf9b14982b30a422920d96888ae2f3f6fb900d2cd46956b8ca5290065dccb97f497cf5179b0b7a66d7e5d7a98d80a87c04f52ef29711c3157ac03cd2b9bbe49d0d6b9a14bae6c36d318acc7edd252241032c55480843597f938d894354ce866dd7168fdef9a325312aee131384146d87329af68e5c2ee5c1668c27a028dc55a7e24740ce7f06453560407e3e34fffad9aafd2b0fe0a0245c3fd8fc9d061168365b180333fe96339e8fbe072873ad3b8331d34a97a8a1688bb170f8f823bae798f3ebe906e7f0a736603820105000282010049dfd847c6088b5b601b3fbadd4baa40d1ad251bd85dac229ee2b9cb742a389bcaeceb76367cc5f0dee5454295400ba9d4bbcadb24d80ff1517231d519890f1b8d4401e3e44c0efc501664bc5228139995665b8e96dd29c92098651b5fd3191d5fef6772d2eab9fd11003e7d648e5cde06d140f20f889f9489999bbaf819203398fdb8608a491fe5ead91a046f626859c4bfaf7d036af19a644780344b768b04393dce3ea7ffd3e6c92ce45f3cea4a331c03981ad6ac14de962597f68b17274c3933c1c66fb8bfbc075f9cd1288a72ffd303212371043eacd6d91b6894a642b21b895d2009b0b394f40fafe5de6db3de0983540a5a4bff934ce0a1bb00417913",
        2048,
        &[(
            Digest::Sha256,
            "303e021d00b4314b82a46b76a7bc16affe68ddf4ca2ad84eace9d7a106e1c47f3f021d00d0856a9d65bbb645b38a1660bda36d7b142e5ebf8ff7f03a50223099",
        )],
    ),
    (
        "308203463082023906072a8648ce3804013082022c0282010100d1c880c71793fe26ecaba07d160d91ef956b43209d5928ec13a07ba2b7583abfe5cbe242d607b336bb826a07acf50bf09ae540957c8a309ca14e5aa29df68fc8d47e739008b8c304551ae60525b3f3557d8af7529cf881a3a70aeb5eb0ceddc07bc935860f7977c8dc2c3b5dee8f4bea325910b81479ae09202b9c6d4aa95bfb6509b1d0069a58b462da841df315caa2e455d308e7b0f24ffa9998012a06aa1c24e3fe6b3705deaee1298f1549ae1d07e2d238a510feeae19908380da732a6028677d871c3118d62fb9ad1e8f150ca3a070c3d0ca0fe2c939194fca9c2d98bffd5548eb9d14f16357ba6e586ae048cfb8b8f8079f9a7be6f7483e7dd1693164b0221009921b211fa13c5b9200dc2fb9760b40d1c2ee6842f919da91b9a6f6be83a6f51028201003437e148aba7573e36c37e40ea6ca8c302f0f5be2caed7303307b14a5cead937e211f6545ac1e2fefcb7a229816109dfa0314f95fc9025633b95a99009f8341158d611c07a9654c2e96a35a9470865cd5f5b84d5941fc3fdeb615638c5c336680ca4060c4c5939190f82a826751d660020eed729141dbc4dafaf25e5cc5cf2a9281c4dce84ac7c5f957cea9a3763380cbfd7e5162db8f7462513c4c40096f4c59b9f00500b56214ee27fd72ea4eef063aa15d87225532ac7380dde4dc55f7d75768885c76a556c308d5be0f36470839d1b651325086451497b2d6ada6f3ab53ad1b5ba6c58eb1351c15d41def6d541bf02c75b805f243e68c5b24974a604e2580382010500028201005a07062ea5c6c410b79f3ea4536578b458e96fc8238200c2ca6897c609ca46cf1d17f9dbf56dbfa64bd3bc1d2e250795f3a44861da5117abd5bb71bf9993391c4fafdf62e3e0b7bb2302ced88ff0b8ef5cf65475ae9e30e84ea3162b3087e4fccff7e24295adf999c5d21ddb4c035bb9d4915b016320e3f20cc1421529060ffa4201316fc2fbec22390410cc5be71a819fea058f74fa255116d663f37a87b764b0b56aea5b2bd55ea75656ffae2f21636e9f7d64c1f225c3ecdc674d9a6b9ce4a9d72394dc74a1e03bec2943a2e75cada12ffc868009fff43d7464fb66628f370305d53d9967aac3cd4b8e26e186019e47f4b103293d4a6932cedfcb5ef6b40d",
        2048,
        &[
            (
                Digest::Sha1,
                "3044022044e4027899e4905c8662dafe84d7999cd3b3c64c2adc5934fe252260edf0e685022068e1a0cfa87940623b100823f7adf3004ecece1851617afcd8306efe1143bda7",
            ),
            (
                Digest::Sha512,
                "3044022024be5ee2f304b9e3a44140cb162e3428f09fc0f985a20caa2b480e43cdf73d1b02202ae237caf3c81c01a4b73dad9a5455f78d0071836d9a98c8a2f4c499b8c18613",
            ),
        ],
    ),
];

/// SubjectPublicKeyInfo, bits of the order, digest and value.
const ECDSA: [(&str, usize, Digest, &str); 9] = [
    (
        "3059301306072a8648ce3d020106082a8648ce3d03010703420004f2f1bcfa9bb4c3ea1d6668e6200cf261228bb4cc96bb825c9e1bf6284807117db720c02f03443144da93a213d39b3fd265bb5e065a1281c592e1a18fd83a7259",
        256,
        Digest::Sha512,
        "304502210082b8080e83d639badb901c61c15607e5c50f4ec90dde001d29318653ab30a46e022055d15f316dabc2d4e5cc4b24fc76513f1c1fdc70c60dac4f02fbaa5e9db5b6ea",
    ),
    (
        "3059301306072a8648ce3d020106082a8648ce3d03010703420004f8b414d5b6d3bde62bea0316a94166c3d16e285f9d1b92230b048ade37dc9f20d4d381cc1d795a5b4237c45accea09cdbb1653b8f593eb8b3aa2764d1beced48",
        256,
        Digest::Sha1,
        "3046022100ccdaa7cd61cb8d005c75cb0b0087e612958c473f120275de2cc6ae70ea233511022100c22f521b7442fa82595fc6fb32baf40b109e29075640b1380ebc26baed6ea54b",
    ),
    (
        "3076301006072a8648ce3d020106052b8104002203620004e58f01ea5e3a96252cc7edf9d8c17305f5f915c05fecb0d9eada4c7c4e9e0267780c8059eaef2b9fd50cd6b5979a8e04ffdef67c5ffc7aafcabbf50ba4e53bf82a103e48e9fc38938457dd952d0321abbdd5f825c2ec35c0677118bcb63f415d",
        384,
        Digest::Sha512,
        "3065023100b70b0c369b5434759aca5944dd79ae3840395c57b6d1f1bbc5c3c113ff3a6426049021d94a2a25f2d8eed352d894687e023050d49b55c6e022b47045335d234512d3143dc1ceda7a1c0c8fc9f25f39ba7fade0f5c0959fefcd98f07c37d966a7a4e7",
    ),
    (
        "30819b301006072a8648ce3d020106052b81040023038186000400920111c313ae48a302c3e7a0bcc23202d5a260a42caeabd212fc899b9c505cf95deed2a69d32a821cf0b9d950976ac738148d8ae0c3b6b49cf9973aadae257f9410171911417c4c160a385d57c6e37c408e2920694531c47c533b391e1a79447cfad0890d3953926a6292d5c105c03f5cc4ddc3c6a25785eca0694fd878e2e24b3e468",
        521,
        Digest::Sha512,
        "30818802420140a45a76342b2bf8a2ccd9dbfe1946f44b10625699f4e957f15a93afcf32d1360f2b1af57a433b83645811d4d4ddd927e9e274f2dfc3f9ae9577552b1a049b7a2c0242014d5bda995d903fb7c9c1f6f9a35743435d1602b2930cce37a9e74ebc335f584a975de23720f5a04998b112708e70156e42788496e38258ef824084b0703e5b9db9",
    ),
    (
        "30819b301006072a8648ce3d020106052b81040023038186000400ad3c768da58d181a6933b903f9140822bb26edc57187eacd0cdead90af0ba6671eaa3c96e5b690b697f042716bd06284f36bf0fde9a0eb72869cf8d14e982f791f011e6a151609b2e4ca09a7c74e4f77d9f46f630bb2434e4b5fb5fcfa993dea1629193ce0d38b563f33c3211b4ee7476859a0865a7fa34315d7d9ec0e64681f50d948",
        521,
        Digest::Sha256,
        "3081880242010be8efd3f7bc4490dff71a106b10fe7aa94ccadd54df9db5ec12d394161b504d0fd1f7aaf8edb2a970108b3f0e3c8a8b582a7a7e9c38a0360170fd03fe93b0394102420114b459897fd54f0cf18298843a1dcb8b64b7536855ac7668f290914c2c89bb695b6d0365e4dba347ee028410a08a8577f67059765f61da0b58e1171638a6382212",
    ),
    (
        "305a301406072a8648ce3d020106092b24030302080101070342000491b1d8f40d476e3ce85cacea47453bb9fc06e173edad160508ddfc5a3878aeec8a09a832e7595c06daf81b7d0422a35aab3775e7fcebf4adaa02cea66d2c4c48",
        256,
        Digest::Sha256,
        "304402203e1d7a7c85f8961480c6ce3e74086d763035480794479a33cfb06099d5dba3b90220219d0687d4e1738f9c653cc5169b083814097efc3091fed954b5966ce6660af6",
    ),
    (
        "307a301406072a8648ce3d020106092b240303020801010b036200043473b32a0ac746757360d4d98bbad730d90f3d371be50471f2c51ef8ebb5d04aebddc62a475a8978ae548855600392544acadf48a1778b87cb490def1e0c304bd19d5d7631a59dc903c88ab3c1ba392c7bc23d06e5a8cf3f6816947437b41ed0",
        384,
        Digest::Sha384,
        "3064023063ac090e818d06e9ac8fd9ab6f6e820b0dac418c2093dee25697fd2887521f5ac4a275be29cc58380f6f986913dc058802306c979aa84b03bab47651c12d23b6743c00d2fd8b213ff2f4972ffa082a22833b1b44ee2243ba1874b0d2d8719ea41cea",
    ),
    (
        "30819b301406072a8648ce3d020106092b240303020801010d038182000462474ae3fb28729f8461d484015f417fd0aed89837a8884feae5c20a79924219e2a5c56c3f137cd7480f11e6d8a31c9b435f0bbf29c73d0edfd3a145ceb4b335aac647fd0841ab7cd6a304db4c9a1879e828e18c6ee764b76395ce3d1dddafcd53fbe46cb0a110085c88777bd9e5233d182ca98daaa1f63ecee6667dc151a05b",
        512,
        Digest::Sha512,
        "30818402402cab1bc4f0976c667523cf58162e0e63b7114af224f215291f05e0a7a3f38ea240b9f0e1efbd1d5543aebbad898b316a5b50363724ab47d2a6eb5cd2397e7c78024031136dee87d395462550b1de89bebdc5ab26611797029e9c39a5e6d869ab7879de3c0d1bbceeee9a4f16a4e8d560a4463e4f703f408f6e5801f1a734e485330f",
    ),
    (
        "305a301406072a8648ce3d020106092b24030302080101070342000414ec891f768ffb2833663e4067d015c4702113157e57134c7b7f51d61325af5f0e6608c7de3292806b3b008efbac18d713933aeb03db808e5567ec92aa879f8a",
        256,
        Digest::Sha512,
        "3044022004df8316f94e525092655023deda344fafac592ff46f504d9ec4c483276d2651022009d15ff8bfc5bc2a630f1239cde85ee7b791fb9a3eb8e8008d1f72ded6f29f4a",
    ),
];

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn rsa(key: &str) -> PublicKey {
    PublicKey { algorithm: oid::RSA.to_vec(), parameters: vec![5, 0], bits: bytes(key) }
}

/// Every value fits its message and key, and neither another message nor any value with a flipped bit.
fn check(scheme: Scheme, key: &PublicKey, value: &str, expected: Fit) {
    let value = bytes(value);
    assert_eq!(scheme.fit(key, MESSAGE, &value), Ok(expected), "{scheme:?}");
    assert_eq!(scheme.fit(key, b"Quyet dinh so 2", &value), Err(CryptoFault::Mismatch));
    for at in [0, value.len() / 2, value.len() - 1] {
        let mut flipped = value.clone();
        flipped[at] ^= 1;
        assert_eq!(scheme.fit(key, MESSAGE, &flipped), Err(CryptoFault::Mismatch), "{scheme:?}, byte {at}");
    }
    let longer = [value.as_slice(), &[0]].concat();
    assert_eq!(scheme.fit(key, MESSAGE, &longer), Err(CryptoFault::Mismatch));
}

#[test]
fn a_digest_info_without_null_fits_and_is_told_apart() {
    check(Scheme::RsaPkcs1(Digest::Sha256), &rsa(RSA_2048), WITHOUT_NULL, Fit::WithoutNull);
    assert_eq!(Scheme::RsaPkcs1(Digest::Sha384).fit(&rsa(RSA_2048), MESSAGE, &bytes(WITHOUT_NULL)), Err(CryptoFault::Mismatch));
}

#[test]
fn a_short_key_verifies_sha_384() {
    check(Scheme::RsaPkcs1(Digest::Sha384), &rsa(RSA_1024), SHA_384_BY_1024_BITS, Fit::Exact);
}

#[test]
fn pss_with_any_salt_mask_and_key_length_fits() {
    let sha256 = Pss::plain(Digest::Sha256);
    for (pss, key, value) in [
        (Pss { salt: 20, ..sha256 }, RSA_2048, PSS_SALT_20),
        (Pss { salt: 0, ..sha256 }, RSA_1024, PSS_NO_SALT),
        (Pss::plain(Digest::Sha1), RSA_1024, PSS_SHA_1),
        (Pss { digest: Digest::Sha256, mask: Digest::Sha1, salt: 94 }, RSA_1025, PSS_MASK_SHA_1),
    ] {
        check(Scheme::RsaPss(pss), &rsa(key), value, Fit::Exact);
        // The salt is part of the algorithm.
        let other = Pss { salt: pss.salt + 1, ..pss };
        assert_eq!(Scheme::RsaPss(other).fit(&rsa(key), MESSAGE, &bytes(value)), Err(CryptoFault::Mismatch));
    }
}

#[test]
fn dsa_values_are_told_good_from_bad() {
    for (key, bits, values) in DSA {
        let key = PublicKey::read(&Element::parse(&bytes(key), SEQUENCE).unwrap()).unwrap();
        assert_eq!(key.strength(), Some(Algorithm::Dsa(bits)));
        for (digest, value) in values {
            check(Scheme::Dsa(*digest), &key, value, Fit::Exact);
        }
        let bare = PublicKey { parameters: Vec::new(), ..key.clone() };
        assert!(bare.inherits_parameters() && bare.with_parameters_of(&key) == Some(key.clone()));
        let (digest, value) = values[0];
        assert!(matches!(Scheme::Dsa(digest).fit(&bare, MESSAGE, &bytes(value)), Err(CryptoFault::Unsupported(_))));
    }
}

#[test]
fn ecdsa_on_other_curves_and_with_other_digests_is_told_good_from_bad() {
    for (key, bits, digest, value) in ECDSA {
        let key = PublicKey::read(&Element::parse(&bytes(key), SEQUENCE).unwrap()).unwrap();
        assert_eq!(key.strength(), Some(Algorithm::EllipticCurve(bits)));
        let scheme = Scheme::Ecdsa(digest);
        assert!(scheme.is_slow(&key));
        check(scheme, &key, value, Fit::Exact);
        // A point beside the curve, the point at infinity, a compressed one.
        let mut beside = key.clone();
        *beside.bits.last_mut().unwrap() ^= 1;
        let infinity = PublicKey { bits: vec![0], ..key.clone() };
        let compressed = PublicKey { bits: [&[2], &key.bits[1..=key.bits.len() / 2]].concat(), ..key.clone() };
        for bad in [beside, infinity, compressed] {
            assert!(matches!(scheme.fit(&bad, MESSAGE, &bytes(value)), Err(CryptoFault::Unsupported(_))));
        }
        // r and s of zero and of the order: nothing fits.
        for pair in [[0x30, 6, 2, 1, 0, 2, 1, 1], [0x30, 6, 2, 1, 1, 2, 1, 0]] {
            assert_eq!(scheme.fit(&key, MESSAGE, &pair), Err(CryptoFault::Mismatch));
        }
    }
}

#[test]
fn keys_out_of_bounds_are_not_computed_with() {
    let (key, _, values) = DSA[0];
    let key = PublicKey::read(&Element::parse(&bytes(key), SEQUENCE).unwrap()).unwrap();
    let (digest, value) = values[0];
    // Every byte of the parameters and of the public value, changed: unusable or a mismatch, and never a fit or a panic.
    for at in 0..key.parameters.len() {
        let mut changed = key.clone();
        changed.parameters[at] ^= 0x40;
        assert!(Scheme::Dsa(digest).fit(&changed, MESSAGE, &bytes(value)).is_err(), "{at}");
    }
    let mut even = rsa(RSA_2048);
    let last = even.bits.len() - 1;
    even.bits[last] = 2;
    assert!(Scheme::RsaPkcs1(Digest::Sha256).fit(&even, MESSAGE, &bytes(WITHOUT_NULL)).is_err(), "an even exponent");
}

/// Keys of the answers above, with their schemes.
fn keys() -> Vec<(Scheme, PublicKey, Vec<u8>)> {
    let read = |key: &str| PublicKey::read(&Element::parse(&bytes(key), SEQUENCE).unwrap()).unwrap();
    let mut keys = vec![
        (Scheme::RsaPkcs1(Digest::Sha256), rsa(RSA_2048), bytes(WITHOUT_NULL)),
        (Scheme::RsaPss(Pss { salt: 20, ..Pss::plain(Digest::Sha256) }), rsa(RSA_2048), bytes(PSS_SALT_20)),
        (Scheme::RsaPss(Pss { digest: Digest::Sha256, mask: Digest::Sha1, salt: 94 }), rsa(RSA_1025), bytes(PSS_MASK_SHA_1)),
    ];
    keys.extend(DSA.iter().map(|(key, _, values)| (Scheme::Dsa(values[0].0), read(key), bytes(values[0].1))));
    keys.extend(ECDSA.iter().map(|(key, _, digest, value)| (Scheme::Ecdsa(*digest), read(key), bytes(value))));
    keys
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn mutated_keys_and_values_never_panic_and_never_fit(
        which in any::<prop::sample::Index>(),
        part in 0..3_usize,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let keys = keys();
        let (scheme, mut key, mut value) = keys[which.index(keys.len())].clone();
        let original = (key.clone(), value.clone());
        let target = match part {
            0 => &mut value,
            1 => &mut key.bits,
            _ => &mut key.parameters,
        };
        for (at, change) in edits {
            if !target.is_empty() {
                let at = at.index(target.len());
                target[at] ^= change;
            }
        }
        if cut.index(4) == 0 {
            target.truncate(cut.index(target.len() + 1));
        }
        let fits = scheme.fit(&key, MESSAGE, &value).is_ok();
        // The parameters of an RSA key say nothing that is computed with.
        let is_same = (&key.bits, &value) == (&original.0.bits, &original.1) && (key.algorithm == oid::RSA || key == original.0);
        prop_assert!(!fits || is_same, "{scheme:?}");
    }
}
