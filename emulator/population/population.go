package population

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/brianvoe/gofakeit/v7"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/entropy"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// Most is the largest n of Of.
const Most = kernel.MaxPopulation

// Of adds n invented rows of each kind that a provider has to every provider's
// world, behind the default world's or the world file's. With 0 it adds none, and
// lets the control API's populate do so. New fails when n is not between 0 and Most.
func Of(n int) emulator.Option { return of(n) }

type of int

// Apply makes the population the server's.
func (n of) Apply(c *kernel.Config) {
	c.Populate = int(n)
	c.Invent = func(draw *entropy.Draw) kernel.Inventor { return newInventor(draw) }
}

// An inventor is a kernel.Inventor whose facts are gofakeit's.
type inventor struct {
	faker *gofakeit.Faker
	given map[string]int // how often a name has come up
}

func newInventor(draw *entropy.Draw) *inventor {
	return &inventor{gofakeit.NewFaker(source{draw}, false), map[string]int{}}
}

// source is a draw as gofakeit's source of chance.
type source struct{ draw *entropy.Draw }

// Uint64 returns the next eight bytes.
func (s source) Uint64() uint64 { return binary.BigEndian.Uint64(s.draw.Bytes(8)) }

// once returns the name, with a number behind it when it has been given out
// before.
func (v *inventor) once(name, before string) string {
	key := strings.ToLower(name)
	v.given[key]++
	if n := v.given[key]; n > 1 {
		return v.once(fmt.Sprintf("%s%s%d", name, before, n), before)
	}
	return name
}

// Company returns a company's name.
func (v *inventor) Company() string { return v.once(v.faker.Company(), " ") }

// Program returns a name in lower case with hyphens.
func (v *inventor) Program() string { return v.once(v.program(), "-") }

func (v *inventor) program() string {
	return fixtures.Slug(v.faker.HackerAdjective() + " " + v.faker.HackerNoun())
}

// Variable returns a name in upper case with underscores.
func (v *inventor) Variable() string {
	name := v.program() + " " + v.faker.RandomString([]string{"key", "password", "token", "url"})
	return v.once(strings.ToUpper(strings.ReplaceAll(fixtures.Slug(name), "-", "_")), "_")
}

// Person returns somebody with an address that nobody can have.
func (v *inventor) Person() (given, family, email string) {
	given, family = v.faker.FirstName(), v.faker.LastName()
	return given, family, v.once(strings.ReplaceAll(fixtures.Slug(given+" "+family), "-", "."), ".") + "@example.com"
}

// Sentence returns a sentence.
func (v *inventor) Sentence() string { return v.faker.HackerPhrase() }

// Secret returns letters and digits.
func (v *inventor) Secret(length int) string {
	return v.faker.Password(true, true, true, false, false, length)
}
