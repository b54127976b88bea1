// What Go's encoding/xml reads of documents, strict and forgiving; the lines are those of read-expat.py.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"os"
)

func tell(letter string, value []byte) {
	fmt.Println(letter, base64.StdEncoding.EncodeToString(value))
}

func read(document []byte, strict bool) {
	decoder := xml.NewDecoder(bytes.NewReader(document))
	decoder.Strict = strict
	decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	var text []byte
	endText := func() {
		if len(text) > 0 {
			tell("T", text)
		}
		text = nil
	}
	for {
		token, err := decoder.RawToken()
		if err != nil {
			break
		}
		switch token := token.(type) {
		case xml.StartElement:
			endText()
			for _, attribute := range token.Attr {
				tell("A", []byte(attribute.Value))
			}
		case xml.EndElement:
			endText()
		case xml.CharData:
			text = append(text, token...)
		}
	}
	endText()
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		document, err := base64.StdEncoding.DecodeString(lines.Text())
		if err != nil {
			panic(err)
		}
		read(document, true)
		read(document, false)
		fmt.Println(".")
	}
}
