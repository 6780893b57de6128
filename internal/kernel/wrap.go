package kernel

// A Target is the operation that a request of another protocol asks for, as
// Description.Unwrap found out.
type Target struct {
	Line    string            // of the operation, as in its document
	Vars    map[string]string // of its path: all of them, also empty ones
	Body    []byte            // the message as JSON, for the journal
	Message any               // for the handler, as Body.Message; its bounds are the handler's to know
	// Malformed is why the request's message cannot be read, if so.
	Malformed *Problem
}

// Run takes the call all its way to the operation of t, whatever the path of its
// request, and returns the answer that plain HTTP would have. An operation that
// the document lacks is declined.
func (c *Call) Run(t Target) *Outcome {
	c.target, c.raw = &t, t.Body
	return c.instance.serve(c)
}

// Problem returns why the call was refused, nil when it was not.
func (c *Call) Problem() *Problem { return c.problem }

// findTarget is find for a call whose operation is known.
func (in *Instance) findTarget(c *Call) *Problem {
	contract, err := in.desc.Document.Contract()
	if err != nil {
		return asProblem(err)
	}
	c.Op = Op(in.Name() + " " + c.target.Line)
	op := contract.Operation(c.target.Line)
	if op == nil {
		return in.declined(c)
	}
	return in.found(c, op, c.target.Vars)
}
