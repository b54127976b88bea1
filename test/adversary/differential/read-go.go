// Reads parts of requests with Go's standard library: JSON lines in, JSON lines out.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"strings"
)

type asked struct {
	Kind string `json:"kind"`
	Type string `json:"type"`
	Body []byte `json:"body"`
}

func leaves(value any, found *[][]byte) {
	switch one := value.(type) {
	case map[string]any:
		for key, inner := range one {
			*found = append(*found, []byte(key))
			leaves(inner, found)
		}
	case []any:
		for _, inner := range one {
			leaves(inner, found)
		}
	case string:
		*found = append(*found, []byte(one))
	}
}

func pairs(values url.Values, found *[][]byte) {
	for name, all := range values {
		*found = append(*found, []byte(name))
		for _, one := range all {
			*found = append(*found, []byte(one))
		}
	}
}

func request(one asked) *http.Request {
	made, _ := http.NewRequest("POST", "http://shop.example/", bytes.NewReader(one.Body))
	made.Header.Set("Content-Type", strings.TrimSpace(one.Type))
	return made
}

func readParts(reader *multipart.Reader, found *[][]byte) {
	for {
		part, err := reader.NextPart()
		if err != nil {
			return
		}
		content, _ := io.ReadAll(part)
		*found = append(*found, content, []byte(part.FormName()), []byte(part.FileName()))
	}
}

func readForm(one asked, found *[][]byte) {
	if made := request(one); made.ParseMultipartForm(1<<20) == nil {
		pairs(made.Form, found)
		for name, files := range made.MultipartForm.File {
			*found = append(*found, []byte(name))
			for _, file := range files {
				*found = append(*found, []byte(file.Filename))
			}
		}
	}
	if reader, err := request(one).MultipartReader(); err == nil {
		readParts(reader, found)
	}
}

func readDocument(one asked, found *[][]byte) {
	decoder := xml.NewDecoder(bytes.NewReader(one.Body))
	decoder.Strict = false
	var text []byte
	for {
		token, err := decoder.Token()
		if err != nil {
			break
		}
		switch piece := token.(type) {
		case xml.CharData:
			text = append(text, piece...)
		case xml.StartElement:
			for _, attribute := range piece.Attr {
				*found = append(*found, []byte(attribute.Value))
			}
		}
	}
	*found = append(*found, text)
}

func read(one asked) [][]byte {
	found := [][]byte{}
	switch one.Kind {
	case "multipart":
		readForm(one, &found)
	case "json":
		decoder := json.NewDecoder(bytes.NewReader(one.Body))
		for {
			var value any
			if decoder.Decode(&value) != nil {
				break
			}
			leaves(value, &found)
		}
	case "xml":
		readDocument(one, &found)
	case "cookie":
		made := request(one)
		made.Header.Set("Cookie", string(one.Body))
		for _, cookie := range made.Cookies() {
			found = append(found, []byte(cookie.Name), []byte(cookie.Value))
		}
	default:
		values, _ := url.ParseQuery(string(one.Body))
		pairs(values, &found)
	}
	return found
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var one asked
		if json.Unmarshal(line, &one) != nil {
			return
		}
		_ = out.Encode(map[string][][]byte{"values": read(one)})
	}
}
