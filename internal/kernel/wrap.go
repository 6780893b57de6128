package kernel

// An Unwrapped is the operation that a request of another protocol asks for, as
// Description.Unwrap found out.
type Unwrapped struct {
	Line    string            // of the operation, as in its document
	Vars    map[string]string // of its path: all of them, also empty ones
	Body    []byte            // the message as JSON, for the journal
	Message any               // for the handler, as Body.Message; its bounds are the handler's to know
	// Malformed is why the request's message cannot be read, if so.
	Malformed *Problem
}

// Run takes the call all its way to the operation of u, whatever the path of its
// request, and returns the answer that plain HTTP would have. An operation that
// the document lacks is declined.
func (c *Call) Run(u Unwrapped) *Outcome {
	c.unwrapped, c.raw = &u, u.Body
	return c.instance.serve(c)
}

// Problem returns why the call was refused, nil when it was not.
func (c *Call) Problem() *Problem { return c.problem }

// findUnwrapped is find for a call whose operation is known.
func (in *Instance) findUnwrapped(c *Call) *Problem {
	index, err := in.desc.Document.Index()
	if err != nil {
		return asProblem(err)
	}
	c.Op = Op(in.Name() + " " + c.unwrapped.Line)
	op := index.Operation(c.unwrapped.Line)
	if op == nil {
		return in.declined(c)
	}
	return in.found(c, op, c.unwrapped.Vars)
}
