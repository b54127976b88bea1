// Coraza with the Core Rule Set: the open engine that speaks ModSecurity's language, hence the usual yardstick.

package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	coreruleset "github.com/corazawaf/coraza-coreruleset/v4"
	"github.com/corazawaf/coraza/v3"
)

// directives are the recommended configuration as shipped, blocking, at paranoia level 1. The audit log is off: its
// cost is that of a disk, and no other engine here writes one.
const directives = `
Include @coraza.conf-recommended
Include @crs-setup.conf.example
Include @owasp_crs/*.conf
SecRuleEngine On
SecAuditEngine Off
`

type corazaEngine struct {
	waf   coraza.WAF
	label string
}

func newCoraza() (engine, error) {
	waf, err := coraza.NewWAF(coraza.NewWAFConfig().WithRootFS(coreruleset.FS).WithDirectives(directives))
	if err != nil {
		return nil, err
	}
	return &corazaEngine{waf: waf, label: "Coraza " + moduleVersion("corazawaf/coraza/v3") +
		" + CRS " + moduleVersion("coraza-coreruleset/v4") + " PL1"}, nil
}

func (c *corazaEngine) name() string { return c.label }

// inspect runs the request phases only, as the response and logging phases have no counterpart in the other engines.
func (c *corazaEngine) inspect(r *request) (bool, error) {
	tx := c.waf.NewTransaction()
	defer tx.Close()
	tx.ProcessConnection("192.0.2.10", 40000, "192.0.2.1", 443)
	tx.ProcessURI(r.target, r.method, "HTTP/1.1")
	for _, header := range r.headers {
		tx.AddRequestHeader(header[0], header[1])
		if strings.EqualFold(header[0], "host") {
			tx.SetServerName(header[1])
		}
	}
	if tx.ProcessRequestHeaders() != nil {
		return true, nil
	}
	if len(r.body) > 0 && tx.IsRequestBodyAccessible() {
		if stop, _, err := tx.WriteRequestBody(r.body); err != nil {
			return false, fmt.Errorf("request body: %w", err)
		} else if stop != nil {
			return true, nil
		}
	}
	stop, err := tx.ProcessRequestBody()
	if err != nil {
		return false, fmt.Errorf("request body phase: %w", err)
	}
	return stop != nil, nil
}

// moduleVersion is the version of the first linked module whose path ends so.
func moduleVersion(suffix string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if strings.HasSuffix(module.Path, suffix) {
				return strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	return "?"
}
