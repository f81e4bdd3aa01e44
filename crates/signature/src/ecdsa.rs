//! ECDSA (FIPS 186-4, 6.4) on the curves and with the digests that `ring` does not take: P-521, the curves of RFC 5639, SHA-1 and
//! SHA-512 on the smaller ones. Slow and simple: only public numbers go in.

use num_bigint::BigUint;

use crate::algorithm::{CryptoFault, Digest};
use crate::oid;
use crate::public_integers;

/// A curve y² = x³ + ax + b over the integers modulo p, of prime order. Numbers are in hexadecimal.
struct Curve {
    oid: &'static [u8],
    p: &'static str,
    a: &'static str,
    b: &'static str,
    generator: [&'static str; 2],
    order: &'static str,
}

const CURVES: [Curve; 6] = [
    // NIST P-256 (FIPS 186-4, D.1.2.3).
    Curve {
        oid: oid::P256,
        p: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        a: "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
        b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        generator: [
            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        ],
        order: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    },
    // NIST P-384 (D.1.2.4).
    Curve {
        oid: oid::P384,
        p: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        a: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc",
        b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        generator: [
            "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
            "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        ],
        order: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    },
    // NIST P-521 (D.1.2.5).
    Curve {
        oid: oid::P521,
        p: "1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        a: "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc",
        b: "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
        generator: [
            "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
            "11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
        ],
        order: "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    },
    // brainpoolP256r1 (RFC 5639, 3.4).
    Curve {
        oid: oid::BRAINPOOL_P256,
        p: "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
        a: "7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
        b: "26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6",
        generator: [
            "8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262",
            "547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
        ],
        order: "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7",
    },
    // brainpoolP384r1 (RFC 5639, 3.6).
    Curve {
        oid: oid::BRAINPOOL_P384,
        p: "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53",
        a: "7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826",
        b: "4a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11",
        generator: [
            "1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e",
            "8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315",
        ],
        order: "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565",
    },
    // brainpoolP512r1 (RFC 5639, 3.7).
    Curve {
        oid: oid::BRAINPOOL_P512,
        p: "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3",
        a: "7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca",
        b: "3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94cadc083e67984050b75ebae5dd2809bd638016f723",
        generator: [
            "81aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098eff3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822",
            "7dde385d566332ecc0eabfa9cf7822fdf209f70024a57b1aa000c55b881f8111b2dcde494a5f485e5bca4bd88a2763aed1ca2b2fa8f0540678cd1e0f3ad80892",
        ],
        order: "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069",
    },
];

/// Bits of the order of the curve `identifier`; none for a curve that is not computed with.
pub(crate) fn order_bits(identifier: &[u8]) -> Option<usize> {
    let curve = CURVES.iter().find(|curve| curve.oid == identifier)?;
    usize::try_from(number(curve.order).bits()).ok()
}

/// Checks the DER Ecdsa-Sig-Value `value` over `message` with the uncompressed point `key` on the curve `identifier`.
///
/// # Errors
/// [`CryptoFault::Unsupported`] where curve or point are none that can be computed with; [`CryptoFault::Mismatch`].
pub(crate) fn verify(identifier: &[u8], key: &[u8], digest: Digest, message: &[u8], value: &[u8]) -> Result<(), CryptoFault> {
    let curve = CURVES.iter().find(|curve| curve.oid == identifier);
    let curve = curve.ok_or_else(|| CryptoFault::Unsupported(format!("the curve {}", oid::dotted(identifier))))?;
    let field = Field { p: number(curve.p), a: number(curve.a) };
    let public = field.point(curve, key).ok_or_else(|| CryptoFault::Unsupported("a point of this form".to_owned()))?;
    let (r, s) = public_integers::read_pair(value).map_err(|_| CryptoFault::Mismatch)?;
    if field.fits(curve, &public, &r, &s, digest.of(&[message]).as_ref()) { Ok(()) } else { Err(CryptoFault::Mismatch) }
}

fn number(text: &str) -> BigUint {
    BigUint::parse_bytes(text.as_bytes(), 16).unwrap_or_default()
}

/// Arithmetic modulo p on curves with this a.
struct Field {
    p: BigUint,
    a: BigUint,
}

/// A point in Jacobian coordinates (x/z², y/z³); the one with z = 0 is the neutral one.
#[derive(Clone, Debug)]
struct Point {
    x: BigUint,
    y: BigUint,
    z: BigUint,
}

impl Field {
    /// The uncompressed point in `key` (SEC 1, 2.3.4), on the curve. All curves here have the cofactor 1.
    fn point(&self, curve: &Curve, key: &[u8]) -> Option<Point> {
        let length = usize::try_from(self.p.bits().div_ceil(8)).ok()?;
        let coordinates = key.strip_prefix(&[4]).filter(|rest| rest.len() == 2 * length)?;
        let (x, y) = coordinates.split_at_checked(length)?;
        let (x, y) = (BigUint::from_bytes_be(x), BigUint::from_bytes_be(y));
        if x >= self.p || y >= self.p {
            return None;
        }
        let right = (&x * &x * &x + &self.a * &x + number(curve.b)) % &self.p;
        (&y * &y % &self.p == right).then(|| Point { x, y, z: BigUint::from(1_u8) })
    }

    fn fits(&self, curve: &Curve, public: &Point, r: &BigUint, s: &BigUint, hash: &[u8]) -> bool {
        let order = number(curve.order);
        if *r >= order || *s >= order {
            return false;
        }
        let Some(inverse) = s.modinv(&order) else { return false };
        // FIPS 186-4, 6.4: the leftmost bits of the hash, as many as the order has.
        let excess = (hash.len() as u64 * 8).saturating_sub(order.bits());
        let u1 = ((BigUint::from_bytes_be(hash) >> excess) * &inverse) % &order;
        let u2 = (r * &inverse) % &order;
        let [x, y] = curve.generator.map(number);
        let generator = Point { x, y, z: BigUint::from(1_u8) };
        let sum = self.sum_of_products([&u1, &u2], [&generator, public]);
        let Some(z) = sum.z.modinv(&self.p) else { return false };
        let x = (sum.x * &z % &self.p) * &z % &self.p;
        x % &order == *r
    }

    /// Both products at once, bit by bit (Shamir's trick).
    fn sum_of_products(&self, factors: [&BigUint; 2], points: [&Point; 2]) -> Point {
        let [one, other] = points;
        let both = self.add(one, other);
        let mut sum = Point { x: BigUint::from(1_u8), y: BigUint::from(1_u8), z: BigUint::ZERO };
        let bits = factors.iter().map(|factor| factor.bits()).max().unwrap_or(0);
        for bit in (0..bits).rev() {
            sum = self.double(&sum);
            sum = match factors.map(|factor| factor.bit(bit)) {
                [true, true] => self.add(&sum, &both),
                [true, false] => self.add(&sum, one),
                [false, true] => self.add(&sum, other),
                [false, false] => sum,
            };
        }
        sum
    }

    fn double(&self, point: &Point) -> Point {
        let Point { x, y, z } = point;
        let yy = self.times(y, y);
        let s = self.times(&self.times(x, &yy), &BigUint::from(4_u8));
        let zz = self.times(z, z);
        let m = (self.times(x, x) * 3_u8 + self.times(&self.a, &self.times(&zz, &zz))) % &self.p;
        let new_x = self.minus(&self.times(&m, &m), &(&s * 2_u8));
        let yyyy = self.times(&yy, &yy) * 8_u8;
        let new_y = self.minus(&self.times(&m, &self.minus(&s, &new_x)), &yyyy);
        Point { x: new_x, y: new_y, z: self.times(y, z) * 2_u8 % &self.p }
    }

    fn add(&self, one: &Point, other: &Point) -> Point {
        if one.z == BigUint::ZERO {
            return other.clone();
        }
        if other.z == BigUint::ZERO {
            return one.clone();
        }
        let (zz1, zz2) = (self.times(&one.z, &one.z), self.times(&other.z, &other.z));
        let (u1, u2) = (self.times(&one.x, &zz2), self.times(&other.x, &zz1));
        let s1 = self.times(&one.y, &self.times(&zz2, &other.z));
        let s2 = self.times(&other.y, &self.times(&zz1, &one.z));
        let (h, r) = (self.minus(&u2, &u1), self.minus(&s2, &s1));
        if h == BigUint::ZERO {
            let neutral = Point { x: BigUint::from(1_u8), y: BigUint::from(1_u8), z: BigUint::ZERO };
            return if r == BigUint::ZERO { self.double(one) } else { neutral };
        }
        let hh = self.times(&h, &h);
        let hhh = self.times(&hh, &h);
        let v = self.times(&u1, &hh);
        let x = self.minus(&self.times(&r, &r), &(&hhh + &v * 2_u8));
        let y = self.minus(&self.times(&r, &self.minus(&v, &x)), &self.times(&s1, &hhh));
        Point { x, y, z: self.times(&h, &self.times(&one.z, &other.z)) }
    }

    fn times(&self, one: &BigUint, other: &BigUint) -> BigUint {
        one * other % &self.p
    }

    /// The difference, whatever the size of the second number.
    fn minus(&self, one: &BigUint, other: &BigUint) -> BigUint {
        (one + &self.p - other % &self.p) % &self.p
    }
}
