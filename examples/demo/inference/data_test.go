package inference

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func tensor(shape []int, data string) Tensor {
	return Tensor{Name: "image", Datatype: FP32, Shape: shape, Data: json.RawMessage(data)}
}

func TestFloatsReadsFlatAndNestedData(t *testing.T) {
	want := []float64{1, 2, 3, 4, 5, 6}
	for _, data := range []string{"[1,2,3,4,5,6]", "[[1,2,3],[4,5,6]]", "[1.0, 2e0, 3, 4, 5, 6]"} {
		got, err := tensor([]int{2, 3}, data).Floats()
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", data, got, err)
		}
	}
}

func TestFloatsRefusesWhatDoesNotFillTheShape(t *testing.T) {
	for data, want := range map[string]string{
		"":                   "no data",
		"[]":                 "its data cannot fill",
		"[          ]":       "0 elements where its shape wants",
		"[1,2,3]":            "3 elements where its shape wants 6",
		"[1,2,3,4,5,6,7]":    "7 elements where its shape wants 6",
		"[[1,2,3]]":          "1 elements where its shape wants 2",
		"[[1,2,3],[4,5]]":    "2 elements where its shape wants 3",
		"[[1,2,3],4]":        "nested less deeply",
		"[1,[2],3,4,5,6]":    "nested more deeply",
		"[[1,2,[3]],[4,5]]":  "nested more deeply",
		"[1,2,3,4,5,null]":   "holds null, want numbers",
		`[1,2,3,4,5,"6"]`:    "holds a string, want numbers",
		"[1,2,3,4,5,true]":   "holds a boolean",
		"[{},2,3,4,5,6]":     "holds an object",
		"[1,2,3,4,5,1e39]":   "does not fit FP32",
		"[1,2,3,4,5,-1e300]": "does not fit FP32",
		"7":                  "its data cannot fill",
		"123456":             "its data is a number, want an array",
		"null  ":             "its data is null, want an array",
		"[1,2,3,4,5,6] [7]":  "more follows",
	} {
		got, err := tensor([]int{2, 3}, data).Floats()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %q", data, got, err, want)
		}
	}
}

func TestFloatsRefusesImpossibleShapes(t *testing.T) {
	for want, shape := range map[string][]int{
		"no shape":            {},
		"at least 1":          {-1, 64},
		"cannot fill":         {1 << 40},
		"which its data cann": {1 << 32, 1 << 32, 1 << 32},
	} {
		if got, err := tensor(shape, "[[1]]").Floats(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, %v; want %q", shape, got, err, want)
		}
	}
}

func TestNewTensorIsReadBack(t *testing.T) {
	made, err := NewTensor("image", FP32, []int{1, 2}, []float64{0.5, 16})
	if err != nil {
		t.Fatal(err)
	}
	got, err := made.Floats()
	if err != nil || !slices.Equal(got, []float64{0.5, 16}) {
		t.Errorf("%v, %v", got, err)
	}
}
