from __future__ import annotations

import email.utils
import http.client
import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from typing import Any, Dict, Iterator, List, Literal, Mapping, Optional

from ._sign_in import basic, parse_key, signed
from .generated import Calls, FieldError, ReportPage

_FIRST_WAIT = 0.5
_MAX_POLL = 20
# A token is replaced this long before it ends.
_TOKEN_MARGIN = 60
_TEMPORARY = {408, 425, 429, 500, 502, 503, 504}


class ApiError(Exception):
    """Why a call was not carried out.

    status: None where there was no answer
    code: what happened, for programs; "no-answer" and "unknown" are the client's own
    retryable: whether the same call may succeed later
    request_id: names the call when you ask about it
    retry_after: how long the API asks to wait, in seconds
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        retryable: bool,
        status: Optional[int] = None,
        request_id: Optional[str] = None,
        errors: Optional[List[FieldError]] = None,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retryable = retryable
        self.request_id = request_id
        self.errors = errors or []
        self.retry_after = retry_after


def _retry_after(text: Optional[str]) -> Optional[float]:
    """Seconds or a date (RFC 9110, section 10.2.3)."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _error_of(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """What an answer that is not a success says. A proxy in between may have written it."""
    retry_after = _retry_after(headers.get("Retry-After"))
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or not isinstance(problem.get("code"), str):
        return ApiError(f"HTTP {status}", code="unknown", retryable=status in _TEMPORARY, status=status, retry_after=retry_after)
    # The token call answers as OAuth defines: with a description, and without "retryable".
    detail = problem.get("detail", problem.get("error_description", ""))
    return ApiError(
        f"{problem['code']}: {detail}",
        code=problem["code"],
        retryable=problem.get("retryable", status in _TEMPORARY),
        status=status,
        request_id=problem.get("requestId"),
        errors=problem.get("errors"),
        retry_after=retry_after,
    )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A key is for one origin only."""

    def redirect_request(self, *args: Any) -> None:
        return None


class Client(Calls):
    """A client of the API: signs in, repeats what may be repeated, and never sends twice.

    url: where the API is, "https://api.example.com"; the environment is that of the key
    credentials: the key, ID:PW:API_KEY
    scheme: the scheme that the key was issued with
    timeout: seconds that one attempt may wait for bytes, beside the wait of reports
    attempts: attempts of a call that may succeed later
    max_wait: the longest wait between two attempts, in seconds; a call that has to wait longer fails at once
    """

    def __init__(
        self,
        url: str,
        credentials: str,
        *,
        scheme: Literal["basic", "hmac", "jwt"] = "basic",
        timeout: float = 30,
        attempts: int = 5,
        max_wait: float = 60,
    ) -> None:
        self._key = parse_key(credentials)
        place = urllib.parse.urlsplit(url)
        if place.scheme not in ("http", "https") or not place.netloc:
            raise ValueError("The URL begins with https://, followed by a host.")
        environment = "/test" if self._key.name.startswith("ak_test_") else ""
        self._origin = f"{place.scheme}://{place.netloc}{environment}"
        self._scheme = scheme
        self._timeout = timeout
        self._attempts = attempts
        self._max_wait = max_wait
        self._token: Optional[str] = None
        self._token_ends = 0.0
        self._opener = urllib.request.build_opener(_NoRedirect())

    def report_pages(
        self, cursor: Optional[str] = None, *, limit: Optional[int] = None, follow: bool = False
    ) -> Iterator[ReportPage]:
        """Pages of reports. Asking for the next page acknowledges the one before, so store what a page has, and its cursor, in the
        body of the loop. A report can come twice.

        cursor: that of the last page that you have; None: the oldest report that is kept
        follow: whether to wait for reports that do not exist yet, without an end
        """
        while True:
            page = self.list_reports(cursor=cursor, limit=limit, wait=_MAX_POLL if follow else None)
            cursor = page["cursor"]
            if page["reports"] or follow:
                yield page
            if not page["more"] and not follow:
                return

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, Any]] = None,
        body: Any = None,
        media_type: str = "",
        idempotent: bool = False,
        idempotency_key: Optional[str] = None,
    ) -> Any:
        headers = {"Accept": "application/json"}
        if media_type:
            headers["Content-Type"] = media_type
        if idempotent:
            headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        target = path + ("?" + urllib.parse.urlencode(asked) if asked else "")
        timeout = self._timeout + float(asked.get("wait", 0))
        data = _bytes_of(body, media_type)
        attempt = 1
        while True:
            try:
                return self._attempt(method, target, headers, data, timeout)
            except ApiError as error:
                if error.code in ("token-expired", "token-invalid"):
                    self._token = None
                repeatable = error.retryable or (error.code == "token-expired" and attempt == 1)
                wait = _wait_of(error, attempt)
                if not repeatable or attempt >= self._attempts or wait > self._max_wait:
                    raise
            time.sleep(wait)
            attempt += 1

    def _attempt(self, method: str, target: str, headers: Mapping[str, str], data: Optional[bytes], timeout: float) -> Any:
        url = self._origin + target
        proof = self._proof(method, url, data or b"", target)
        request = urllib.request.Request(url, data, {**headers, **proof}, method=method)
        try:
            with self._opener.open(request, timeout=timeout) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                raise _error_of(error.code, error.headers, error.read()) from None
        except (OSError, http.client.HTTPException) as error:
            host = urllib.parse.urlsplit(url).netloc
            raise ApiError(f"There is no answer from {host}.", code="no-answer", retryable=True) from error

    def _proof(self, method: str, url: str, data: bytes, target: str) -> Dict[str, str]:
        if self._scheme == "hmac":
            return signed(self._key, method, url, data, time.time())
        if self._scheme == "basic" or target.endswith("/token"):
            return {"Authorization": basic(self._key)}
        if self._token is None or self._token_ends - _TOKEN_MARGIN < time.time():
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            given = self._attempt("POST", "/v1.0/token", form, b"grant_type=client_credentials", self._timeout)
            self._token = given["access_token"]
            self._token_ends = time.time() + given["expires_in"]
        return {"Authorization": f"Bearer {self._token}"}


def _bytes_of(body: Any, media_type: str) -> Optional[bytes]:
    if body is None or isinstance(body, bytes):
        return body
    if "form" in media_type:
        return urllib.parse.urlencode(body).encode()
    return json.dumps(body, ensure_ascii=False).encode()


def _wait_of(error: ApiError, attempt: int) -> float:
    """What the API asks for, and else twice as long each time. With chance, so that many clients do not come again together."""
    if error.retry_after is not None:
        return error.retry_after + random.random() * min(1.0, error.retry_after / 10)
    return _FIRST_WAIT * 2 ** (attempt - 1) * (0.5 + random.random() / 2)
