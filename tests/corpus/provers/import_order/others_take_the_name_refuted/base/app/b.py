from unittest import mock

mock.patch('app.a.json.loads')
