# The names a user types. Everything else is in CMakeLists.txt and tools/.

export QUESTION ?= Why is the sea salty?
export DESTDIR
PREFIX ?= /usr/local

.PHONY: help run build model install uninstall dist test test-long bench clean

help:
	@echo "make run        build Merle and ask the sample collection a question"
	@echo "make build      build the command, build/merle"
	@echo "make install    put command, library and manual page under PREFIX=/usr/local; make uninstall"
	@echo "make dist       pack the command for machines without these packages"
	@echo "make test       everything needed to test, then all tests"
	@echo "make test-long  what needs peers, torch or hours"
	@echo "make bench      compare with PyTorch, ONNX Runtime, OpenVINO, llama.cpp and tokenizers"

run: model
	@tools/demo "$$QUESTION"

build:
	@tools/install build
	@tools/build

model: build
	@tools/install run
	@tools/fetch_minilm

install: build
	@tools/install_files install "$(PREFIX)"

uninstall:
	@tools/install_files uninstall

dist: build
	@tools/dist

test: model
	@tools/install test
	@tools/check

test-long: model
	@tools/install test-long
	@tools/check_long

bench: model
	@tools/install bench
	@benchmarks/run

clean:
	rm -rf build
