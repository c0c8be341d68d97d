package kd;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Makes key stores in many ways, and tells what Java finds in any: all in one JVM.
 * Argument: a folder with `orders.tsv`; answers go to `answers.jsonl` there, one line for each `list`.
 * <pre>
 * make FILE TYPE PASSWORD PROPERTIES ENTRIES    PROPERTIES: name=value;…   ENTRIES: trust:ALIAS:CRT, key:ALIAS:KEY:ALGORITHM:PASSWORD:CRT+CRT, system:COUNT, joined by ","
 * list FILE PASSWORD KEY_PASSWORD               a password "-" is none at all
 * </pre>
 */
public final class StoreMatrix {
  private static final String NONE = "-";
  private final Path folder;

  private StoreMatrix(Path folder) {
    this.folder = folder;
  }

  public static void main(String[] args) throws Exception {
    StoreMatrix matrix = new StoreMatrix(Path.of(args[0]));
    try (PrintStream answers = new PrintStream(Files.newOutputStream(matrix.folder.resolve("answers.jsonl")), false, StandardCharsets.UTF_8)) {
      for (String line : Files.readAllLines(matrix.folder.resolve("orders.tsv"))) {
        String[] words = line.split("\t", -1);
        if (words[0].equals("make")) matrix.make(words);
        else answers.println(matrix.list(words[1], words[2], words[3]));
      }
    }
  }

  private void make(String[] words) throws Exception {
    List<String> set = new ArrayList<>();
    for (String property : words[4].split(";")) {
      if (property.isEmpty()) continue;
      String[] parts = property.split("=", 2);
      System.setProperty(parts[0], parts[1]);
      set.add(parts[0]);
    }
    KeyStore store = KeyStore.getInstance(words[2]);
    store.load(null, null);
    for (String entry : words[5].split(",")) if (!entry.isEmpty()) add(store, entry.split(":", -1));
    try (OutputStream out = Files.newOutputStream(folder.resolve(words[1]))) {
      store.store(out, password(words[3]));
    }
    set.forEach(System::clearProperty);
  }

  private void add(KeyStore store, String[] entry) throws Exception {
    switch (entry[0]) {
      case "trust" -> store.setCertificateEntry(entry[1], certificate(entry[2]));
      case "key" -> {
        List<Certificate> chain = new ArrayList<>();
        for (String file : entry[5].split("\\+")) chain.add(certificate(file));
        PrivateKey key = KeyFactory.getInstance(entry[3]).generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(folder.resolve(entry[2]))));
        store.setKeyEntry(entry[1], key, entry[4].toCharArray(), chain.toArray(new Certificate[0]));
      }
      case "system" -> addSystem(store, Integer.parseInt(entry[1]));
      default -> throw new IllegalArgumentException(entry[0]);
    }
  }

  /** Real authorities: those of this JDK. */
  private static void addSystem(KeyStore store, int count) throws Exception {
    KeyStore system = KeyStore.getInstance("JKS");
    try (InputStream in = Files.newInputStream(Path.of(System.getProperty("java.home"), "lib", "security", "cacerts"))) {
      system.load(in, null);
    }
    List<String> aliases = Collections.list(system.aliases());
    Collections.sort(aliases);
    for (String alias : aliases.subList(0, Math.min(count, aliases.size()))) store.setCertificateEntry(alias, system.getCertificate(alias));
  }

  private Certificate certificate(String file) throws Exception {
    try (InputStream in = Files.newInputStream(folder.resolve(file))) {
      return CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  private String list(String file, String password, String keyPassword) throws Exception {
    KeyStore store = KeyStore.getInstance("JKS");
    try (InputStream in = Files.newInputStream(folder.resolve(file))) {
      store.load(in, password(password));
    } catch (Exception e) {
      return "{\"file\":" + quoted(file) + ",\"error\":" + quoted(String.valueOf(e.getMessage())) + "}";
    }
    List<String> aliases = Collections.list(store.aliases());
    List<String> keys = new ArrayList<>();
    for (String alias : aliases) {
      if (!store.isKeyEntry(alias)) continue;
      List<String> chain = new ArrayList<>();
      Certificate[] certificates = store.getCertificateChain(alias);
      if (certificates != null) for (Certificate certificate : certificates) chain.add(quoted(sha256(certificate.getEncoded())));
      keys.add("{\"alias\":" + quoted(alias) + ",\"chain\":" + chain + ",\"key\":" + key(store, alias, keyPassword) + "}");
    }
    List<String> names = aliases.stream().map(StoreMatrix::quoted).toList();
    return "{\"file\":" + quoted(file) + ",\"aliases\":" + names + ",\"anchors\":" + anchors(store) + ",\"keys\":" + keys + "}";
  }

  /** What a TLS client with this truststore accepts. */
  private static List<String> anchors(KeyStore store) throws Exception {
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    factory.init(store);
    List<String> anchors = new ArrayList<>();
    for (X509Certificate certificate : ((X509TrustManager) factory.getTrustManagers()[0]).getAcceptedIssuers()) anchors.add(quoted(sha256(certificate.getEncoded())));
    return anchors;
  }

  private static String key(KeyStore store, String alias, String keyPassword) {
    try {
      Key key = store.getKey(alias, password(keyPassword));
      return quoted(sha256(key.getEncoded()));
    } catch (Exception e) {
      return "null";
    }
  }

  private static char[] password(String word) {
    return word.equals(NONE) ? null : word.toCharArray();
  }

  private static String sha256(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private static String quoted(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (char c : text.toCharArray()) json.append(c < ' ' || c > '~' || c == '"' || c == '\\' ? String.format("\\u%04x", (int) c) : c);
    return json.append('"').toString();
  }
}
