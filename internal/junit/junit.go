// Package junit writes results in the form of JUnit, which CI systems read.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
)

// A Suite is what was tried.
type Suite struct {
	Name  string
	Cases []Case
}

// A Case has passed, unless it says otherwise.
type Case struct {
	Class   string   `xml:"classname,attr,omitempty"`
	Name    string   `xml:"name,attr"`
	Failure *Message `xml:"failure"`
	Error   *Message `xml:"error"`
	Skipped *Message `xml:"skipped"`
}

// A Message says why.
type Message struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// Write writes the suite and counts its cases.
func (s Suite) Write(w io.Writer) error {
	suite := struct {
		XMLName  xml.Name `xml:"testsuite"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Skipped  int      `xml:"skipped,attr"`
		Cases    []Case   `xml:"testcase"`
	}{Name: s.Name, Tests: len(s.Cases), Cases: s.Cases}
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			suite.Failures++
		case c.Error != nil:
			suite.Errors++
		case c.Skipped != nil:
			suite.Skipped++
		}
	}
	text, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}
