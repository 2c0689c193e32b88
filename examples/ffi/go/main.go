// Streams a model's answer, and the ids of its tokens on stderr. Usage: generate MODEL PROMPT [TOKENS [CANCEL_AFTER]]
//
// CANCEL_AFTER: fire a cancel token after so many tokens, as another goroutine might at any time.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"premise.example/generate/premise"
)

func main() {
	if len(os.Args) < 3 || len(os.Args) > 5 {
		fmt.Fprintln(os.Stderr, "usage: generate MODEL PROMPT [TOKENS [CANCEL_AFTER]]")
		os.Exit(2)
	}
	ids, err := generate(os.Args[1], os.Args[2], number(3, 64), number(4, 0))
	switch {
	case premise.Cancelled(err):
		fmt.Fprintf(os.Stderr, "cancelled after %d tokens\n", len(ids))
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println()
	fmt.Fprintln(os.Stderr, "ids:", strings.Join(ids, " "))
}

func number(argument, otherwise int) int {
	if argument < len(os.Args) {
		if n, err := strconv.Atoi(os.Args[argument]); err == nil {
			return n
		}
	}
	return otherwise
}

func generate(path, prompt string, maxTokens, cancelAfter int) (ids []string, err error) {
	cancel, err := premise.NewCancel()
	if err != nil {
		return nil, err
	}
	defer cancel.Close()
	engine, err := premise.OpenEngine(-1)
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	model, err := premise.OpenModel(engine, path)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	err = model.Generate(prompt, premise.Options{
		MaxTokens: maxTokens,
		Cancel:    cancel,
		OnText: func(text string) bool {
			_, err := fmt.Print(text)
			return err == nil
		},
		OnToken: func(id int32) bool {
			ids = append(ids, strconv.Itoa(int(id)))
			if len(ids) == cancelAfter {
				cancel.Fire()
			}
			return true
		},
	})
	return ids, err
}
