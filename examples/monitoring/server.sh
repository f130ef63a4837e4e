# Answers with its version, in place of a model server; of 100 requests, FAILS fail.
mkdir -p /tmp/www/cgi-bin
echo "$VERSION" > /tmp/www/index.html
cat > /tmp/www/cgi-bin/predict <<'END'
#!/bin/sh
number=$(od -A n -t u1 -N 1 /dev/urandom) # 0 to 255
if [ $((number * 100)) -lt $((FAILS * 256)) ]; then
  printf 'Status: 500 Internal Server Error\r\n'
fi
printf 'Content-Type: text/plain\r\n\r\n%s\n' "$VERSION"
END
chmod +x /tmp/www/cgi-bin/predict
exec httpd -f -p 8080 -h /tmp/www
