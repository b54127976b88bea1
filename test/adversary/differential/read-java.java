// Reads parts of requests with Java's standard library: JSON lines in, JSON lines out. It has no parser of multipart
// bodies and of JSON.
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.net.HttpCookie;
import java.net.URLDecoder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.helpers.DefaultHandler;

class ReadJava {
  private static final Pattern ASKED =
      Pattern.compile("\"kind\":\"([a-z]*)\",\"set\":\"([^\"]*)\",\"body\":\"([^\"]*)\"");

  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      List<String> found = new ArrayList<>();
      Matcher asked = ASKED.matcher(line);
      if (asked.find()) {
        try {
          read(asked.group(1), asked.group(2), Base64.getDecoder().decode(asked.group(3)), found);
        } catch (Exception refused) {
          // What a parser refuses, it does not read; what it read before counts.
        }
      }
      StringBuilder out = new StringBuilder("{\"values\":[");
      for (int i = 0; i < found.size(); i++) {
        String coded = Base64.getEncoder().encodeToString(found.get(i).getBytes(StandardCharsets.UTF_8));
        out.append(i == 0 ? "\"" : ",\"").append(coded).append('"');
      }
      System.out.println(out.append("]}"));
    }
  }

  private static void read(String kind, String set, byte[] body, List<String> found) throws Exception {
    String text = new String(body, StandardCharsets.ISO_8859_1);
    if (kind.equals("xml")) {
      DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
      DocumentBuilder builder = factory.newDocumentBuilder();
      // Its own handler writes to the terminal.
      builder.setErrorHandler(new DefaultHandler());
      Document document = builder.parse(new ByteArrayInputStream(body));
      found.add(document.getDocumentElement().getTextContent());
      NodeList all = document.getElementsByTagName("*");
      for (int i = 0; i < all.getLength(); i++) {
        for (int j = 0; j < all.item(i).getAttributes().getLength(); j++) {
          found.add(all.item(i).getAttributes().item(j).getNodeValue());
        }
      }
    } else if (kind.equals("cookie")) {
      for (HttpCookie cookie : HttpCookie.parse(text)) {
        found.add(cookie.getName());
        found.add(cookie.getValue());
      }
    } else if (kind.equals("form") || kind.equals("query")) {
      Charset charset = set.isEmpty() ? StandardCharsets.UTF_8 : Charset.forName(set);
      for (String pair : text.split("&")) {
        for (String part : pair.split("=", 2)) {
          try {
            found.add(URLDecoder.decode(part, charset));
          } catch (IllegalArgumentException bad) {
            found.add(part);
          }
        }
      }
    }
  }
}
