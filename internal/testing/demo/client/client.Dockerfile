# The client alone. Not called Dockerfile: the images of those in this folder are the tests'.
FROM scratch
COPY bin/client /client
USER 65532:65532
ENTRYPOINT ["/client"]
