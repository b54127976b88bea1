// Coraza with rules that the caller hands over: the judge of what an imported rule has to find. A line of standard
// input is a set of rules and the requests that they are held against; a line of the answer says which were stopped.

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/corazawaf/coraza/v3"
)

type judged struct {
	Rules    string `json:"rules"`
	Requests []struct {
		Method  string      `json:"method"`
		Target  string      `json:"target"`
		Headers [][2]string `json:"headers"`
	} `json:"requests"`
}

// linesBytesMax bounds a line; the caller's are a few kilobytes.
const linesBytesMax = 1 << 20

func judgeRules() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<16), linesBytesMax)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked judged
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		waf, err := coraza.NewWAF(coraza.NewWAFConfig().WithDirectives("SecRuleEngine On\n" + asked.Rules))
		if err != nil {
			return fmt.Errorf("%s: %w", asked.Rules, err)
		}
		stopped := make([]bool, 0, len(asked.Requests))
		for _, one := range asked.Requests {
			request := &request{method: one.Method, target: one.Target, headers: one.Headers}
			verdict, err := (&corazaEngine{waf: waf}).inspect(request)
			if err != nil {
				return err
			}
			stopped = append(stopped, verdict)
		}
		if err := out.Encode(stopped); err != nil {
			return err
		}
	}
	return lines.Err()
}
