import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import javax.xml.crypto.KeySelector;
import javax.xml.crypto.dom.DOMStructure;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLObject;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.ExcC14NParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * Signs made documents with the XML signatures of the Java platform, in as many ways as it has, and damages copies of them.
 * Each line of the output is a verdict of that library, a description and the document in base64.
 */
public class SignXml {
    static final XMLSignatureFactory FACTORY = XMLSignatureFactory.getInstance("DOM");
    static final Random RANDOM = new Random(20261127);
    static final String[] FORMS = {
        CanonicalizationMethod.INCLUSIVE, CanonicalizationMethod.INCLUSIVE_WITH_COMMENTS,
        CanonicalizationMethod.EXCLUSIVE, CanonicalizationMethod.EXCLUSIVE_WITH_COMMENTS,
        "http://www.w3.org/2006/12/xml-c14n11", "http://www.w3.org/2006/12/xml-c14n11#WithComments",
    };
    static final String[][] SCHEMES = {
        {"RSA", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"},
        {"RSA", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"},
        {"RSA", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"},
        {"secp256r1", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"},
        {"secp384r1", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"},
        {"secp384r1", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"},
    };

    static String pick(String... from) {
        return from[RANDOM.nextInt(from.length)];
    }

    /** A random element with namespaces, attributes of the xml namespace, comments and instructions. */
    static String element(int depth, String identifier) {
        String prefix = pick("", "p:", "q:");
        StringBuilder out = new StringBuilder("<" + prefix + pick("a", "b"));
        if (identifier != null) out.append(" Id=\"" + identifier + "\"");
        if (depth == 0 || RANDOM.nextInt(4) == 0) out.append(" xmlns:p=\"" + pick("urn:a", "urn:b") + "\"");
        if (depth == 0 || RANDOM.nextInt(4) == 0) out.append(" xmlns:q=\"" + pick("urn:c", "urn:d") + "\"");
        if (RANDOM.nextInt(4) == 0) out.append(" xmlns=\"" + pick("urn:e", "", "http://f") + "\"");
        if (RANDOM.nextInt(3) == 0) out.append(" p:x=\"" + pick("1", "a&#10;b", "&lt;&amp;&quot;", "\u00e9\t") + "\"");
        if (RANDOM.nextInt(3) == 0) out.append(" y=\"" + pick("1", "  2", "'") + "\"");
        if (RANDOM.nextInt(4) == 0) out.append(" xml:lang=\"vi\"");
        if (RANDOM.nextInt(4) == 0) out.append(" xml:space=\"preserve\"");
        if (RANDOM.nextInt(3) == 0) out.append(" xml:base=\"" + pick("http://h/a/b", "c/", "d/e", "../f") + "\"");
        out.append(">");
        for (int count = depth < 4 ? RANDOM.nextInt(4) : 0; count > 0; count--) {
            out.append(RANDOM.nextInt(2) == 0 ? element(depth + 1, null)
                : pick("text", "&lt;&gt;&amp;", "\r\n x", "&#13;", "<!-- c -->", "<?i d?>", "<![CDATA[<&>]]>"));
        }
        return out.append("</" + prefix + out.substring(1 + prefix.length(), 2 + prefix.length()) + ">").toString();
    }

    static Document parse(byte[] text) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        Document document = factory.newDocumentBuilder().parse(new ByteArrayInputStream(text));
        NodeList all = document.getElementsByTagName("*");
        for (int index = 0; index < all.getLength(); index++) {
            Element element = (Element) all.item(index);
            if (element.hasAttribute("Id")) element.setIdAttribute("Id", true);
        }
        return document;
    }

    static C14NMethodParameterSpec parameters(String form) {
        boolean isExclusive = form.startsWith(CanonicalizationMethod.EXCLUSIVE);
        return isExclusive && RANDOM.nextBoolean() ? new ExcC14NParameterSpec(List.of("q", "#default")) : null;
    }

    static byte[] sign(KeyPair pair, String scheme, StringBuilder description) throws Exception {
        String inner = element(2, "inner");
        String text = element(0, null);
        int end = text.lastIndexOf("</");
        Document document = parse((text.substring(0, end) + inner + text.substring(end)).getBytes(StandardCharsets.UTF_8));
        List<Reference> references = new ArrayList<>();
        List<XMLObject> objects = new ArrayList<>();
        for (int count = 1 + RANDOM.nextInt(3); count > 0; count--) {
            String form = pick(FORMS);
            List<Transform> transforms = new ArrayList<>();
            String uri;
            switch (RANDOM.nextInt(4)) {
                case 0:
                    uri = pick("", "#xpointer(/)");
                    transforms.add(FACTORY.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null));
                    break;
                case 1:
                    uri = pick("#inner", "#xpointer(id('inner'))");
                    break;
                case 2:
                    uri = "#object" + count;
                    Document other = parse(element(0, null).getBytes(StandardCharsets.UTF_8));
                    Node content = document.importNode(other.getDocumentElement(), true);
                    objects.add(FACTORY.newXMLObject(Collections.singletonList(new DOMStructure(content)), "object" + count, null, null));
                    break;
                default:
                    uri = "#object" + count;
                    Node digits = document.createTextNode("bsOgaSBk dW5n\n");
                    objects.add(FACTORY.newXMLObject(Collections.singletonList(new DOMStructure(digits)), "object" + count, null, null));
                    transforms.add(FACTORY.newTransform(Transform.BASE64, (TransformParameterSpec) null));
                    form = null;
            }
            if (form != null && RANDOM.nextInt(5) > 0) transforms.add(FACTORY.newTransform(form, parameters(form)));
            String digest = pick("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384",
                "http://www.w3.org/2001/04/xmlenc#sha512", "http://www.w3.org/2000/09/xmldsig#sha1");
            references.add(FACTORY.newReference(uri, FACTORY.newDigestMethod(digest, null), transforms, null, null));
            description.append(uri).append(' ').append(form).append("; ");
        }
        String form = pick(FORMS);
        SignedInfo info = FACTORY.newSignedInfo(FACTORY.newCanonicalizationMethod(form, parameters(form)),
            FACTORY.newSignatureMethod(scheme, null), references);
        KeyInfoFactory keys = FACTORY.getKeyInfoFactory();
        DOMSignContext context = new DOMSignContext(pair.getPrivate(), document.getDocumentElement());
        if (RANDOM.nextBoolean()) context.setDefaultNamespacePrefix("ds");
        context.setProperty("org.jcp.xml.dsig.secureValidation", false);
        FACTORY.newXMLSignature(info, keys.newKeyInfo(List.of(keys.newKeyValue(pair.getPublic()))), objects, "s", "v").sign(context);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        TransformerFactory.newInstance().newTransformer().transform(new DOMSource(document), new StreamResult(out));
        return out.toByteArray();
    }

    static String verify(byte[] text, PublicKey key) {
        try {
            Document document = parse(text);
            Node node = document.getElementsByTagNameNS("http://www.w3.org/2000/09/xmldsig#", "Signature").item(0);
            DOMValidateContext context = new DOMValidateContext(KeySelector.singletonKeySelector(key), node);
            context.setProperty("org.jcp.xml.dsig.secureValidation", false);
            return FACTORY.unmarshalXMLSignature(context).validate(context) ? "valid" : "broken";
        } catch (Exception error) {
            return "broken";
        }
    }

    public static void main(String[] arguments) throws Exception {
        for (int round = Integer.parseInt(arguments[0]); round > 0; round--) {
            String[] scheme = SCHEMES[RANDOM.nextInt(SCHEMES.length)];
            KeyPairGenerator generator = KeyPairGenerator.getInstance(scheme[0].equals("RSA") ? "RSA" : "EC");
            if (scheme[0].equals("RSA")) generator.initialize(2048);
            else generator.initialize(new ECGenParameterSpec(scheme[0]));
            KeyPair pair = generator.generateKeyPair();
            StringBuilder description = new StringBuilder(scheme[1] + " ");
            byte[] text = sign(pair, scheme[1], description);
            print(verify(text, pair.getPublic()), description, text);
            for (int copy = 0; copy < 4; copy++) {
                byte[] damaged = text.clone();
                damaged[RANDOM.nextInt(damaged.length)] ^= 1 << RANDOM.nextInt(7);
                print(verify(damaged, pair.getPublic()), description, damaged);
            }
        }
    }

    static void print(String verdict, StringBuilder description, byte[] text) {
        System.out.println(verdict + "\t" + description + "\t" + Base64.getEncoder().encodeToString(text));
    }
}
