package manifest

import "fmt"

// outcome is what comes of an item: objects, an error, or nothing yet for want
// of its type.
type outcome struct {
	objects []decoded
	err     *Error
	isText  bool // the error is of the text, not of an object in it
	isItem  bool // of a List: a document may have many
	held    *heldItem
}

// heldItem is an item of a List whose type comes behind the items.
type heldItem struct {
	line, bytes int
	at          int // how many objects came before it
	read        func(typeMeta) outcome
}

// collector puts the outcomes together, document by document.
type collector struct {
	file string
	lim  *Limits
	room int
	all  []decoded
	err  *Error // the first of an object
	text *Error // the first of the text

	// The document that is under way.
	items     []decoded
	itemErr   *Error
	held      []*heldItem
	heldBytes int
}

// collect takes the outcomes of a job, and the document that ends with it.
func (c *collector) collect(outs []outcome, end *node) bool {
	for _, o := range outs {
		switch {
		case o.isText:
			c.text = o.err
		case !o.isItem && o.held == nil:
			c.keep(o.objects, o.err)
		case c.itemErr == nil:
			c.add(o)
		}
		if c.text != nil {
			return false
		}
	}
	if len(c.all)+len(c.items) > c.room {
		c.keep(c.items, nil)
		return false
	}
	if end != nil {
		c.finish(end)
	}
	return true
}

// keep takes what is decided.
func (c *collector) keep(objects []decoded, err *Error) {
	switch {
	case c.err != nil:
	case err != nil:
		c.err = err
	case c.all == nil:
		c.all = objects
	default:
		c.all = append(c.all, objects...)
	}
}

// add takes what belongs to a document of which it is not known yet whether it
// is a List.
func (c *collector) add(o outcome) {
	c.itemErr = o.err
	c.items = append(c.items, o.objects...)
	if h := o.held; h != nil {
		h.at = len(c.items)
		c.held = append(c.held, h)
		if c.heldBytes += h.bytes; c.heldBytes > c.lim.value() {
			c.text = &Error{
				Position: at(c.file, h.line), Why: fmt.Sprintf("more than %d bytes of items before the list says what they are", c.lim.value()),
				Hint: `put the list's "apiVersion" and "kind" in front of its "items"`,
			}
		}
	}
}

// finish is told the rest of the document.
func (c *collector) finish(head *node) {
	t, isList := listType(head)
	own, err := objects(piece{file: c.file}, head, typeMeta{}, 0)
	if !isList || err != nil {
		c.keep(own, err)
	} else {
		all, err := c.typed(t)
		c.keep(all, err)
	}
	c.items, c.itemErr, c.held, c.heldBytes = nil, nil, nil, 0
}

// typed is every object of the List, now that its type is known.
func (c *collector) typed(t typeMeta) ([]decoded, *Error) {
	if len(c.held) == 0 {
		return c.items, c.itemErr
	}
	var all []decoded
	done := 0
	for _, h := range c.held {
		o := h.read(t)
		if o.err != nil {
			return nil, o.err
		}
		all = append(append(all, c.items[done:h.at]...), o.objects...)
		done = h.at
	}
	return append(all, c.items[done:]...), c.itemErr
}
