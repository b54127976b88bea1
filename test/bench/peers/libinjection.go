// libinjection: no whole engine but the fastest known lexers for two classes of attacks, hence the lower yardstick.

package main

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/corazawaf/libinjection-go"
)

// libinjectionEngine asks libinjection about every value of a request: path, query, cookies, two headers, form and
// JSON bodies. libinjection has no parser for requests, so this is the least that a user of it must do around it.
type libinjectionEngine struct{}

func (libinjectionEngine) name() string {
	return "libinjection-go " + moduleVersion("corazawaf/libinjection-go")
}

func (libinjectionEngine) inspect(r *request) (bool, error) {
	path, query, _ := strings.Cut(r.target, "?")
	if decoded, err := url.PathUnescape(path); err == nil {
		path = decoded
	}
	found := attack(path)
	found = pairs(query, "&") || found
	contentType := ""
	for _, header := range r.headers {
		switch strings.ToLower(header[0]) {
		case "content-type":
			contentType = strings.ToLower(header[1])
		case "cookie":
			found = pairs(header[1], ";") || found
		case "user-agent", "referer":
			found = attack(header[1]) || found
		}
	}
	if len(r.body) == 0 {
		return found, nil
	}
	if strings.Contains(contentType, "json") {
		var document any
		if json.Unmarshal(r.body, &document) == nil {
			return leaves(document) || found, nil
		}
	}
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		return pairs(string(r.body), "&") || found, nil
	}
	return attack(string(r.body)) || found, nil
}

func attack(value string) bool {
	if value == "" {
		return false
	}
	sqli, _ := libinjection.IsSQLi(value)
	return sqli || libinjection.IsXSS(value)
}

// pairs asks about the names and values of a query, form or cookie list.
func pairs(text, separator string) bool {
	found := false
	for text != "" {
		var pair string
		pair, text, _ = strings.Cut(text, separator)
		name, value, _ := strings.Cut(pair, "=")
		found = attack(unescape(name)) || found
		found = attack(unescape(value)) || found
	}
	return found
}

func unescape(text string) string {
	if decoded, err := url.QueryUnescape(text); err == nil {
		return decoded
	}
	return text
}

// leaves asks about the keys and strings of a JSON document. The decoder bounds the depth.
func leaves(node any) bool {
	found := false
	switch value := node.(type) {
	case string:
		found = attack(value)
	case []any:
		for _, item := range value {
			found = leaves(item) || found
		}
	case map[string]any:
		for key, item := range value {
			found = attack(key) || found
			found = leaves(item) || found
		}
	}
	return found
}
