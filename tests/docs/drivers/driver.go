// Judge the cases on standard input with the functions of docs/verify.md, and print what they say.
package main

import (
	"encoding/json"
	"net/http"
	"os"
)

type verification struct {
	Scheme string
	Keys   []string
	Given  json.RawMessage
	Body   []byte
}

func (one verification) judge() bool {
	if one.Scheme == "hex" {
		var signature string
		must(json.Unmarshal(one.Given, &signature))
		return VerifyHex(one.Keys, signature, one.Body)
	}
	var fields map[string]string
	must(json.Unmarshal(one.Given, &fields))
	headers := http.Header{}
	for name, value := range fields {
		headers.Set(name, value)
	}
	if one.Scheme == "v1a" {
		return VerifyV1a(one.Keys, headers, one.Body)
	}
	return VerifyV1(one.Keys, headers, one.Body)
}

func main() {
	var cases []verification
	must(json.NewDecoder(os.Stdin).Decode(&cases))
	verdicts := []bool{}
	for _, one := range cases {
		verdicts = append(verdicts, one.judge())
	}
	must(json.NewEncoder(os.Stdout).Encode(verdicts))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
