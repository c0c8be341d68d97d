package kd;

import java.io.FileOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;

/**
 * Java stores from PEM files, many in one JVM: a start of keytool for each would take seconds.
 * Arguments: password, then groups of three: kind (`trust` or `key`), the PEM file, the store (`.jks` or `.p12`).
 * A key's PEM file holds the PKCS#8 key (RSA) and its chain, leaf first.
 */
public final class Stores {
  public static void main(String[] args) throws Exception {
    char[] password = args[0].toCharArray();
    for (int i = 1; i + 2 < args.length; i += 3) {
      Path pem = Path.of(args[i + 1]);
      KeyStore store = KeyStore.getInstance(args[i + 2].endsWith(".jks") ? "JKS" : "PKCS12");
      store.load(null, null);
      if (args[i].equals("trust")) {
        int number = 0;
        for (Certificate certificate : certificates(pem)) store.setCertificateEntry("ca" + number++, certificate);
      } else {
        store.setKeyEntry("key", key(pem), password, certificates(pem));
      }
      try (FileOutputStream out = new FileOutputStream(args[i + 2])) {
        store.store(out, password);
      }
    }
  }

  private static Certificate[] certificates(Path pem) throws Exception {
    String text = Files.readString(pem);
    int from = text.indexOf("-----BEGIN CERTIFICATE");
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    return factory.generateCertificates(new java.io.ByteArrayInputStream(text.substring(from).getBytes())).toArray(new Certificate[0]);
  }

  private static PrivateKey key(Path pem) throws Exception {
    String text = Files.readString(pem);
    String begin = "-----BEGIN PRIVATE KEY-----";
    String body = text.substring(text.indexOf(begin) + begin.length(), text.indexOf("-----END PRIVATE KEY-----"));
    return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(body)));
  }
}
