// What Java's own parser reads of documents; the lines are those of read-expat.py. Run as a source file.
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import javax.xml.parsers.SAXParserFactory;
import org.xml.sax.Attributes;
import org.xml.sax.InputSource;
import org.xml.sax.SAXParseException;
import org.xml.sax.ext.DefaultHandler2;

class ReadJava extends DefaultHandler2 {
  private final StringBuilder text = new StringBuilder();

  private static void tell(String letter, String value) {
    System.out.println(letter + " " + Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8)));
  }

  private void endText() {
    if (text.length() > 0) tell("T", text.toString());
    text.setLength(0);
  }

  @Override
  public void startElement(String uri, String local, String name, Attributes attributes) {
    endText();
    for (int i = 0; i < attributes.getLength(); i++) tell("A", attributes.getValue(i));
  }

  @Override
  public void endElement(String uri, String local, String name) {
    endText();
  }

  @Override
  public void characters(char[] all, int from, int size) {
    text.append(all, from, size);
  }

  @Override
  public InputSource resolveEntity(String name, String publicId, String base, String systemId) {
    if (systemId != null) tell("F", systemId);
    return new InputSource(new StringReader(""));
  }

  @Override
  public void fatalError(SAXParseException error) throws SAXParseException {
    throw error;
  }

  public static void main(String[] arguments) throws Exception {
    SAXParserFactory factory = SAXParserFactory.newInstance();
    factory.setNamespaceAware(false);
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      ReadJava handler = new ReadJava();
      try {
        factory.newSAXParser().parse(new ByteArrayInputStream(Base64.getDecoder().decode(line)), handler);
      } catch (Exception error) {
        // Whatever came before the error was given to the application.
      }
      handler.endText();
      System.out.println(".");
    }
  }
}
